"""LocalStack's view: one executor per execution environment, one process at a time in it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from local_cloud.runtime_api import Answer, Event
from local_cloud.sandbox import Sandbox

LOOPBACK = "127.0.0.1"
INIT_SECONDS = 10.0
STOP_PATIENCE_SECONDS = 2.0
# CloudWatch Logs refuses more than 1 MB in one call, and LocalStack makes one per invocation.
LOG_LIMIT = 500_000


def function_environment(given: Mapping[str, object], folder: Path, port: int) -> dict[str, str]:
    """What Lambda gives plus what the function is configured with, and nothing of this shell.

    Endpoint and credentials are forced: no function can ever speak to the real cloud.
    """
    ours = {"EDGE_PORT"}
    lambda_gives = {
        name: str(value)
        for name, value in given.items()
        if name not in ours and not name.startswith("LOCALSTACK_")
    }
    forced = {
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "LAMBDA_TASK_ROOT": str(folder),
    }
    defaults = {"LANG": "en_US.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin"}
    return {**defaults, **lambda_gives, **forced}


class ProcessExecutor(RuntimeExecutor):
    """Starts a fresh process whenever the last one died, failed to start or was rebuilt."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._environment: dict[str, str] = {}
        self._sandbox: Sandbox | None = None
        self._cold = True
        self._turn = threading.Lock()

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Fails the function's creation, and so the deploy, when there is nothing to run."""
        function_version.config.code.prepare_for_execution()
        bootstrap = _code_folder(function_version) / "bootstrap"
        if not bootstrap.is_file():
            raise FileNotFoundError(f"{bootstrap} does not exist: build the function first")

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing is left behind: LocalStack deletes the code itself."""

    def start(self, env_vars: dict[str, str]) -> None:
        """A failed start is not raised: the first invocation answers with it and its log."""
        folder = _code_folder(self.function_version)
        self._environment = function_environment(env_vars, folder, config.GATEWAY_LISTEN[0].port)
        with self._turn:
            self._launch()

    def stop(self) -> None:
        """Lets the invocation in flight come to its end, within reason."""
        finished = self._turn.acquire(timeout=STOP_PATIENCE_SECONDS)
        try:
            if self._sandbox is not None:
                self._sandbox.stop()
        finally:
            if finished:
                self._turn.release()

    def invoke(self, payload: dict[str, str]) -> InvocationResult:
        event = Event(
            request_id=payload["invoke-id"],
            payload=payload["payload"].encode(),
            function_arn=payload["invoked-function-arn"],
            trace_id=payload["trace-id"],
            timeout_seconds=float(self.function_version.config.timeout),
        )
        with self._turn:
            sandbox = self._sandbox
            if sandbox is None or not (sandbox.failed or sandbox.fresh):
                sandbox = self._launch()
            begun = time.perf_counter()
            answer = sandbox.failed or sandbox.invoke(event)
            milliseconds = (time.perf_counter() - begun) * 1000
            logs = self._logs(event.request_id, sandbox, answer, milliseconds)
            self._cold = False
            if sandbox.failed:
                self._discard()
        return InvocationResult(event.request_id, answer.payload, answer.is_error, logs)

    def get_logs(self) -> str:
        return self._sandbox.take_log() if self._sandbox else ""

    def get_address(self) -> str:
        return LOOPBACK

    def get_endpoint_from_executor(self) -> str:
        return LOOPBACK

    def get_runtime_endpoint(self) -> str:
        """Only LocalStack's own init in a container calls back; here nobody does."""
        return f"http://{LOOPBACK}:{config.GATEWAY_LISTEN[0].port}"

    def _launch(self) -> Sandbox:
        self._discard()
        limit = max(INIT_SECONDS, float(self.function_version.config.timeout))
        self._cold = True
        self._sandbox = Sandbox(_code_folder(self.function_version), self._environment, limit)
        return self._sandbox

    def _discard(self) -> None:
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None

    def _logs(self, request: str, sandbox: Sandbox, answer: Answer, milliseconds: float) -> str:
        """The process's output between the lines that Lambda itself writes."""
        version = self.function_version
        output = sandbox.take_log()[-LOG_LIMIT:]
        if output and not output.endswith("\n"):
            output += "\n"
        report = [f"Duration: {milliseconds:.2f} ms", f"Memory Size: {version.config.memory_size} MB"]
        if peak := sandbox.peak_memory_mb():
            report.append(f"Max Memory Used: {peak} MB")
        if self._cold:
            report.append(f"Init Duration: {sandbox.start_seconds * 1000:.2f} ms")
        return (
            f"START RequestId: {request} Version: {version.id.qualifier}\n"
            f"{output}{_our_word(answer)}"
            f"END RequestId: {request}\n"
            f"REPORT RequestId: {request}\t" + "\t".join(report) + "\n"
        )


def _our_word(answer: Answer) -> str:
    """The line Lambda adds where the function can no longer speak for itself."""
    if answer.is_error and answer.payload.startswith(b'{"errorType": "'):
        message = json.loads(answer.payload)["errorMessage"]
        return f"{message}\n"
    return ""


def _code_folder(function_version: FunctionVersion) -> Path:
    return Path(function_version.config.code.get_unzipped_code_location())
