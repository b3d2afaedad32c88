"""One `bootstrap` process with its Runtime API."""

import ctypes
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from local_cloud.runtime_api import Answer, Invocation, RuntimeApi, failure

# Linux ties "die with the parent" to the parent's *thread*, and LocalStack's request threads come
# and go: every function is started by this one, which lives as long as LocalStack.
_SPAWNER = ThreadPoolExecutor(1, thread_name_prefix="function-spawner")
_PRCTL: Any = getattr(ctypes.CDLL(None), "prctl", None)
_PR_SET_PDEATHSIG = 1
_PARENT = os.getpid()
_LOG_FILE_LIMIT = 16 * 1024 * 1024


class Sandbox:
    """Starts the process at once; `failed` holds why it never asked for work."""

    def __init__(self, folder: Path, environment: dict[str, str], limit_seconds: float) -> None:
        begun = time.perf_counter()
        self._binary = folder / "bootstrap"
        self._built = self._binary.stat().st_mtime_ns
        self._api = RuntimeApi()
        self._home = tempfile.TemporaryDirectory(prefix="function-", ignore_cleanup_errors=True)
        # A file, not a pipe: what was written before an answer is there to be read after it.
        self._log = tempfile.NamedTemporaryFile(buffering=0)
        self._log_reader = Path(self._log.name).open(errors="replace", newline="")
        own = dict.fromkeys(("HOME", "TMPDIR"), self._home.name)
        own["AWS_LAMBDA_RUNTIME_API"] = self._api.address
        try:
            self._process = _SPAWNER.submit(self._spawn, {**environment, **own}).result()
        except OSError:
            self._api.end(Answer())
            raise
        threading.Thread(target=self._watch, daemon=True).start()
        started = self._next_answer(limit_seconds, "Error: Init")
        self.failed = started if started.is_error else None
        self._init = f"\tInit Duration: {(time.perf_counter() - begun) * 1000:.2f} ms"

    @property
    def fresh(self) -> bool:
        """Whether the process lives and its binary is still the one on disk."""
        with suppress(OSError):
            return self._process.poll() is None and self._binary.stat().st_mtime_ns == self._built
        return False

    def invoke(self, invocation: Invocation, limit_seconds: float) -> Answer:
        """Runs one event; at its time limit the process is killed, as Lambda does."""
        self._api.offer(invocation, limit_seconds)
        return self._next_answer(limit_seconds, f"RequestId: {self._api.pending} Error: Task")

    def take_log(self) -> str:
        """What the process has written since the last call."""
        text = self._log_reader.read()
        if self._log.tell() > _LOG_FILE_LIMIT:  # The process writes at this same position.
            self._log.seek(0)
            self._log.truncate()
            self._log_reader.seek(0)
        return text

    def report(self) -> str:
        """Start-up time of the first event, and peak memory where the system reports it (Linux)."""
        text, self._init = self._init, ""
        with suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
                text += f"\tMax Memory Used: {int(peak[1]) // 1024 + 1} MB"
        return text

    def stop(self) -> None:
        """Ends the process: half a second after SIGTERM, then by force."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        self._kill()
        self._home.cleanup()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _next_answer(self, seconds: float, what: str) -> Answer:
        try:
            return self._api.answers.get(timeout=seconds)
        except Empty:
            self._kill()
            return failure("Sandbox.Timedout", f"{what} timed out after {seconds:.2f} seconds")

    def _spawn(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._binary)],
            cwd=self._binary.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Elsewhere than on Linux, the Runtime API's closed connection ends the function.
            preexec_fn=_die_with_parent if _PRCTL else None,
        )

    def _watch(self) -> None:
        code = self._process.wait()
        who = f"RequestId: {self._api.pending} " if self._api.pending else ""
        how = f"exit status {code}" if code >= 0 else f"signal: {signal.Signals(-code).name}"
        self._api.end(failure("Runtime.ExitError", f"{who}Error: Runtime exited with error: {how}"))


def _die_with_parent() -> None:
    """Run first in the child: it must not outlive LocalStack, however that ends."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != _PARENT:
        os._exit(1)
