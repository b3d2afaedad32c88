"""No function outlives the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import is_alive, wait_until

PARENT = """
import sys, time
from pathlib import Path
from local_cloud.sandbox import Sandbox
sandbox = Sandbox(Path(sys.argv[1]), {}, 10)
print(sandbox._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the closed connection ends it")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_the_function_dies_with_its_parent(folder: Path, ending: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(folder)]
    scratch = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, env=scratch, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        function = int(parent.stdout.readline())
        assert is_alive(function)
        parent.send_signal(ending)
    wait_until(lambda: not is_alive(function))
