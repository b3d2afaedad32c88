"""The executor as LocalStack calls it, with a fake function."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from conftest import build, is_alive, wait_until
from localstack import config as localstack_config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import EXECUTOR_PLUGIN_MANAGER
from local_cloud import executor as module
from local_cloud import sandbox as sandbox_module
from local_cloud.executor import ProcessExecutor, function_environment

Start = Callable[..., ProcessExecutor]


def version_of(folder: Path, timeout: float = 20) -> FunctionVersion:
    code = SimpleNamespace(
        prepare_for_execution=lambda: None, get_unzipped_code_location=lambda: folder
    )
    settings = SimpleNamespace(code=code, timeout=timeout, memory_size=128)
    version = SimpleNamespace(config=settings, id=SimpleNamespace(qualifier="$LATEST"))
    return cast(FunctionVersion, version)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    executors: list[ProcessExecutor] = []

    def starter(timeout: float = 20, **environment: str) -> ProcessExecutor:
        executors.append(ProcessExecutor("environment", version_of(folder, timeout)))
        executors[-1].start(environment)
        return executors[-1]

    yield starter
    for executor in executors:
        executor.stop()


def invoke(executor: ProcessExecutor, do: str) -> InvocationResult:
    event = {
        "invoke-id": f"request-{do.replace(' ', '-')}",
        "payload": json.dumps({"do": do}),
        "invoked-function-arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "trace-id": "Root=1-2-3",
    }
    return executor.invoke(event)


def answer_of(result: InvocationResult) -> Any:
    assert result.payload is not None
    return json.loads(result.payload)


def log_of(result: InvocationResult) -> str:
    assert result.logs is not None
    return result.logs


def pid_of(executor: ProcessExecutor) -> int:
    return int(answer_of(invoke(executor, "echo"))["pid"])


def test_localstack_finds_the_plugin() -> None:
    assert EXECUTOR_PLUGIN_MANAGER.load("process").load() is ProcessExecutor


def test_event_is_answered_and_has_a_deadline(start: Start) -> None:
    result = invoke(start(), "echo")
    answer = answer_of(result)
    assert (result.request_id, result.is_error) == ("request-echo", False)
    assert answer["given"] == {"do": "echo"}
    assert 10_000 < answer["left_ms"] <= 20_000


def test_one_process_serves_many_events(start: Start) -> None:
    executor = start()
    assert len({pid_of(executor) for _ in range(5)}) == 1


def test_handler_error_is_passed_on(start: Start) -> None:
    executor = start()
    result = invoke(executor, "fail")
    assert result.is_error
    assert answer_of(result) == {"errorType": "Broken", "errorMessage": "as asked"}
    assert not invoke(executor, "echo").is_error


def test_a_chunked_body_arrives_whole(start: Start) -> None:
    assert answer_of(invoke(start(), "chunked")) == "é" * 5000


def test_an_answer_to_another_request_is_refused(start: Start) -> None:
    assert answer_of(invoke(start(), "wrong request")) == 400


def test_an_internal_extension_may_register(start: Start) -> None:
    assert not invoke(start(FAKE_START="extension"), "echo").is_error


def test_init_error_answers_every_event(start: Start) -> None:
    executor = start(FAKE_START="error")
    for _ in range(2):
        result = invoke(executor, "echo")
        assert result.is_error
        assert answer_of(result) == {"errorType": "NoConfig", "errorMessage": "no URL"}


def test_an_exit_at_start_is_answered_with_its_log(start: Start) -> None:
    result = invoke(start(FAKE_START="exit"), "echo")
    assert answer_of(result)["errorType"] == "Runtime.ExitError"
    assert "cannot read the configuration" in log_of(result)


def test_a_hanging_start_is_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INIT_SECONDS", 0.5)
    result = invoke(start(FAKE_START="hang"), "echo")
    assert answer_of(result)["errorMessage"] == "Error: Init timed out after 0.50 seconds"


def test_crash_is_answered_and_process_replaced(start: Start) -> None:
    executor = start()
    result = invoke(executor, "crash")
    message = "RequestId: request-crash Error: Runtime exited with error: exit status 3"
    assert answer_of(result) == {"errorType": "Runtime.ExitError", "errorMessage": message}
    assert f"last words\n{message}\n" in log_of(result)
    assert not invoke(executor, "echo").is_error


def test_answer_just_before_exit_counts(start: Start) -> None:
    for _ in range(10):
        assert answer_of(invoke(start(), "answer and exit")) == "done"


@pytest.mark.parametrize("half", ["half an answer", "half in chunks"])
def test_partial_answer_is_no_answer(start: Start, half: str) -> None:
    assert answer_of(invoke(start(), half))["errorType"] == "Runtime.ExitError"


def test_a_process_killed_between_events_is_replaced(start: Start) -> None:
    executor = start()
    pid = pid_of(executor)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))
    answers = [invoke(executor, "echo") for _ in range(2)]
    assert not answers[1].is_error


def test_kill_during_event_names_the_signal(start: Start) -> None:
    executor = start()
    pid = pid_of(executor)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(invoke, executor, "hang")
        os.kill(pid, signal.SIGKILL)
        assert answer_of(pending.result())["errorType"] == "Runtime.ExitError"
    assert "SIGKILL" in answer_of(pending.result())["errorMessage"]


def test_the_time_limit_kills_the_process(start: Start) -> None:
    executor = start(timeout=1)
    pid = pid_of(executor)
    result = invoke(executor, "hang")
    message = "RequestId: request-hang Error: Task timed out after 1.00 seconds"
    assert answer_of(result) == {"errorType": "Sandbox.Timedout", "errorMessage": message}
    assert message in log_of(result)
    assert not is_alive(pid)
    assert not invoke(executor, "echo").is_error


def test_a_rebuilt_binary_serves_the_next_event(start: Start, folder: Path) -> None:
    executor = start()
    before = pid_of(executor)
    build(folder)
    assert pid_of(executor) != before
    assert not is_alive(before)


def test_log_is_returned_once_between_lambda_lines(start: Start) -> None:
    executor = start()
    first, second = (log_of(invoke(executor, "log")).splitlines() for _ in range(2))
    assert first[0] == "START RequestId: request-log Version: $LATEST"
    assert first[1:5] == ["starting", "out é", "err", "END RequestId: request-log"]
    assert "Init Duration: " in first[5] and "Memory Size: 128 MB" in first[5]
    assert second[1:4] == ["out é", "err", "END RequestId: request-log"]
    assert "Init Duration: " not in second[4]


def test_excess_output_is_cut_and_file_restarts(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox_module, "_LOG_FILE_LIMIT", 1_500_000)
    executor = start()
    for _ in range(4):
        assert module.LOG_LIMIT < len(log_of(invoke(executor, "flood"))) < 2 * module.LOG_LIMIT
    assert "\nout é\nerr\nEND" in log_of(invoke(executor, "log"))


def test_nothing_of_this_shell_reaches_the_function(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL_SQS", "HTTPS_PROXY", "https_proxy", "SECRET"):
        monkeypatch.setenv(name, "from the shell")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    environment = answer_of(invoke(start(DATABASE_URL="postgresql:///x"), "environment"))
    assert "from the shell" not in environment.values()
    assert environment["AWS_ACCESS_KEY_ID"] == environment["AWS_SECRET_ACCESS_KEY"] == "test"
    port = localstack_config.GATEWAY_LISTEN[0].port
    assert environment["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{port}"
    assert environment["DATABASE_URL"] == "postgresql:///x"
    assert environment["HOME"] == environment["TMPDIR"] != os.environ["HOME"]


def test_credentials_and_endpoint_cannot_be_configured_away() -> None:
    given = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_ENDPOINT_URL": "https://sqs.amazonaws.com"}
    given |= {"LOCALSTACK_RUNTIME_ID": "x", "EDGE_PORT": "1", "AWS_REGION": "eu-west-1"}
    environment = function_environment(given, Path("/code"), 4566)
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert not {"LOCALSTACK_RUNTIME_ID", "EDGE_PORT"} & environment.keys()


def test_function_survives_thread_that_started_it(start: Start) -> None:
    executors: list[ProcessExecutor] = []
    thread = threading.Thread(target=lambda: executors.append(start()))
    thread.start()
    thread.join()
    result = invoke(executors[0], "echo")
    assert "Init Duration" in log_of(result), "the process that was started is the one that answers"
    assert not result.is_error


def test_stop_waits_briefly_for_event_in_flight(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_TIMEOUT_SECONDS", 0.2)
    executor = start()
    pid = pid_of(executor)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(invoke, executor, "hang")
        wait_until(executor._turn.locked)
        executor.stop()
        assert answer_of(pending.result())["errorType"] == "Runtime.ExitError"
    assert not is_alive(pid)


def test_function_without_binary_is_refused(folder: Path) -> None:
    ProcessExecutor.prepare_version(version_of(folder))
    (folder / "bootstrap").unlink()
    with pytest.raises(FileNotFoundError, match="build the function first"):
        ProcessExecutor.prepare_version(version_of(folder))


def test_binary_that_cannot_run_is_an_error(folder: Path) -> None:
    (folder / "bootstrap").write_bytes(b"\x7fELF nonsense")
    with pytest.raises(OSError, match="Exec format"):
        ProcessExecutor("environment", version_of(folder)).start({})
