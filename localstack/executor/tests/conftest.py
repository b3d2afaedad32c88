"""What every test needs: a folder with a `bootstrap` in it, and a way to wait for a condition."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

# Before LocalStack is imported: it would ping a Docker bridge to find out whether it is in one.
os.environ["OVERRIDE_IN_DOCKER"] = "0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(tmp_path)
    return tmp_path


def build(folder: Path) -> None:
    """Puts a new binary in place as cargo does: under its own name first."""
    fake = Path(__file__).with_name("bootstrap.py").read_text()
    fresh = folder / "bootstrap.new"
    fresh.write_text(f"#!{sys.executable} -S\n{fake}")
    fresh.chmod(0o755)
    fresh.rename(folder / "bootstrap")


def wait_until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "the condition never held"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """A zombie counts as dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
