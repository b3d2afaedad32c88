"""One `bootstrap` process with the Runtime API that feeds it."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from pathlib import Path

from local_cloud.runtime_api import Answer, Event, RuntimeApi, failure

# Linux ties "die with the parent" to the parent's *thread*, and LocalStack's request threads come
# and go: all functions are started by this one, which lives as long as the process.
_SPAWNER = ThreadPoolExecutor(1, thread_name_prefix="function-spawner")
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_LOG_KEPT_BYTES = 16 * 1024 * 1024


class Sandbox:
    """Starts the process at once; `failed` tells whether it came up."""

    def __init__(self, folder: Path, environment: Mapping[str, str], limit_seconds: float) -> None:
        self._version = _fingerprint(folder)
        self._folder = folder
        self._api = RuntimeApi()
        self._home = tempfile.TemporaryDirectory(prefix="function-", ignore_cleanup_errors=True)
        # A file, not a pipe: whatever was written before the answer is there to be read after it.
        self._log = tempfile.TemporaryFile(buffering=0)
        self._log_read = 0
        begun = time.perf_counter()
        home = {"HOME": self._home.name, "TMPDIR": self._home.name}
        runtime = {"AWS_LAMBDA_RUNTIME_API": self._api.address}
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = _SPAWNER.submit(self._spawn, {**environment, **home, **runtime}).result()
        except OSError as error:
            self._api.close(f"cannot start {folder / 'bootstrap'}: {error.strerror}")
        else:
            threading.Thread(target=self._watch, args=(self._process,), daemon=True).start()
        self.failed: Answer | None = self._wait_until_started(limit_seconds)
        self.start_seconds = time.perf_counter() - begun

    @property
    def fresh(self) -> bool:
        """Whether the process lives and its binary is still the one on disk."""
        alive = self._process is not None and self._process.poll() is None
        return alive and self._version == _fingerprint(self._folder)

    def invoke(self, event: Event) -> Answer:
        """Runs one event; at its time limit the process is killed, as Lambda does."""
        try:
            return self._api.offer(event).result(event.timeout_seconds)
        except FutureTimeout:
            self._kill()
            limit = f"Task timed out after {event.timeout_seconds:.2f} seconds"
            return failure("Sandbox.Timedout", f"RequestId: {event.request_id} Error: {limit}")

    def take_log(self) -> str:
        """What the process has written since the last call."""
        descriptor = self._log.fileno()
        data = os.pread(descriptor, os.fstat(descriptor).st_size - self._log_read, self._log_read)
        self._log_read += len(data)
        if self._log_read > _LOG_KEPT_BYTES:
            # The process writes at this same offset: it starts over with us.
            os.ftruncate(descriptor, 0)
            self._log_read = os.lseek(descriptor, 0, os.SEEK_SET)
        return data.decode(errors="replace")

    def peak_memory_mb(self) -> int | None:
        """The most the living process ever held, where the system tells (Linux)."""
        if self._process is None:
            return None
        with suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            if peak := re.search(r"VmHWM:\s+(\d+) kB", status):
                return int(peak[1]) // 1024 + 1
        return None

    def stop(self) -> None:
        """Ends the process: half a second to say goodbye, then by force."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
        self._kill()
        self._home.cleanup()

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _spawn(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._folder / "bootstrap")],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )

    def _wait_until_started(self, limit_seconds: float) -> Answer | None:
        try:
            return self._api.started.result(limit_seconds)
        except FutureTimeout:
            self._kill()
            return failure("Sandbox.Timedout", f"Init timed out after {limit_seconds:.2f} seconds")

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        code = process.wait()
        if pending := self._api.pending():
            # An answer sent with the last breath may still be on its way through the socket.
            wait([pending], timeout=0.2)
        how = f"exit status {code}" if code >= 0 else f"signal: {signal.Signals(-code).name}"
        self._api.close(f"Runtime exited with error: {how}")


def _fingerprint(folder: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = (folder / "bootstrap").stat()
        return found.st_mtime_ns, found.st_ino
    return None


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child does first so that it cannot outlive this process, even a killed one.

    Elsewhere than on Linux the closing of the Runtime API is what ends a function.
    """
    libc = _LIBC
    if libc is None:
        return None

    def tie() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return tie
