"""LocalStack's view: one executor per execution environment, one process at a time in it."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from local_cloud import function_url
from local_cloud.runtime_api import Answer, Invocation
from local_cloud.sandbox import Sandbox

INIT_SECONDS = 10.0
STOP_TIMEOUT_SECONDS = 2.0
# CloudWatch Logs takes at most 1 MB in one call, and LocalStack makes one per invocation.
LOG_LIMIT = 500_000


def function_environment(given: Mapping[str, object], folder: Path, port: int) -> dict[str, str]:
    """What Lambda gives and what the function is configured with, nothing of this shell.

    Endpoint and credentials are forced: no function can ever speak to the real cloud.
    """
    internal = ("LOCALSTACK_", "EDGE_PORT")
    kept = {name: str(value) for name, value in given.items() if not name.startswith(internal)}
    credentials = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        **kept,
        **dict.fromkeys(credentials, "test"),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": str(folder),
    }


class ProcessExecutor(RuntimeExecutor):
    """Starts a fresh process whenever the last one died, failed to start or was rebuilt."""

    def __init__(self, id: str, function_version: FunctionVersion) -> None:
        super().__init__(id, function_version)
        self._folder = _code_folder(function_version)
        self._limit_seconds = float(function_version.config.timeout)
        self._environment: dict[str, str] = {}
        self._sandbox: Sandbox | None = None
        self._turn = threading.Lock()

    @classmethod
    def prepare_version(cls, function_version: FunctionVersion) -> None:
        """Fails the function's creation, and so the deploy, when there is nothing to run."""
        function_version.config.code.prepare_for_execution()  # type: ignore[no-untyped-call]
        bootstrap = _code_folder(function_version) / "bootstrap"
        if not bootstrap.is_file():
            raise FileNotFoundError(f"{bootstrap} does not exist: build the function first")

    @classmethod
    def cleanup_version(cls, function_version: FunctionVersion) -> None:
        """Nothing to do: LocalStack deletes the code itself."""

    def start(self, env_vars: dict[str, str]) -> None:
        """A failed start is not raised: the first invocation answers with it and its log."""
        port = config.GATEWAY_LISTEN[0].port
        self._environment = function_environment(env_vars, self._folder, port)
        with self._turn:
            self._launch()

    def stop(self) -> None:
        """Waits a short time for the invocation in flight."""
        finished = self._turn.acquire(timeout=STOP_TIMEOUT_SECONDS)
        self._discard()
        if finished:
            self._turn.release()

    def invoke(self, payload: Invocation) -> InvocationResult:
        request = payload["invoke-id"]
        with self._turn:
            sandbox = self._sandbox
            if sandbox is None or not (sandbox.failed or sandbox.fresh):
                sandbox = self._launch()
            begun = time.perf_counter()
            answer = sandbox.failed or sandbox.invoke(payload, self._limit_seconds)
            duration = f"Duration: {(time.perf_counter() - begun) * 1000:.2f} ms"
            logs = self._logs(request, sandbox, answer, duration)
            if sandbox.failed:
                self._discard()
        return InvocationResult(request, answer.payload, answer.is_error, logs)

    def get_logs(self) -> str:
        return self._sandbox.take_log() if self._sandbox else ""

    def get_address(self) -> str:
        return "127.0.0.1"

    get_endpoint_from_executor = get_address

    def get_runtime_endpoint(self) -> str:
        """Only LocalStack's init in a container calls back; not used here."""
        return "http://127.0.0.1"

    def _launch(self) -> Sandbox:
        self._discard()
        self._sandbox = Sandbox(self._folder, self._environment, INIT_SECONDS)
        return self._sandbox

    def _discard(self) -> None:
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None

    def _logs(self, request: str, sandbox: Sandbox, answer: Answer, duration: str) -> str:
        """The process's output between the lines that Lambda itself writes."""
        output = sandbox.take_log()[-LOG_LIMIT:] + answer.message
        end = "\n" if output and not output.endswith("\n") else ""
        memory = f"Memory Size: {self.function_version.config.memory_size} MB"
        return (
            f"START RequestId: {request} Version: {self.function_version.id.qualifier}\n"
            f"{output}{end}END RequestId: {request}\n"
            f"REPORT RequestId: {request}\t{duration}\t{memory}{sandbox.report()}\n"
        )


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    """What LocalStack finds under `LAMBDA_RUNTIME_EXECUTOR=process`."""

    name = "process"

    def load(self, *_args: object, **_kwargs: object) -> type[ProcessExecutor]:
        function_url.mend()
        return ProcessExecutor


def _code_folder(version: FunctionVersion) -> Path:
    return Path(version.config.code.get_unzipped_code_location())  # type: ignore[no-untyped-call]
