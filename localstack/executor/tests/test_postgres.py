"""The command that starts and stops PostgreSQL, as another program calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import is_alive


@pytest.fixture
def data() -> Iterator[Path]:
    # Not pytest's own folder: its path is too long for a socket on some systems.
    with tempfile.TemporaryDirectory(prefix="a b-") as scratch:
        Path(scratch).chmod(0o711)  # Root's server runs as another user.
        folder = Path(scratch, "data")
        yield folder
        command("stop", folder, "--mode", "immediate")


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "local_cloud.postgres", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True)


def start(data: Path) -> Any:
    started = command("start", data)
    assert started.returncode == 0, started.stderr
    assert started.stdout.count("\n") == 1
    return json.loads(started.stdout)


def query(server: Any, statement: str) -> str:
    line = [f"{server['bin_dir']}/psql", "-XAtq", server["url"], "-c", statement]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()


def test_server_outlives_command_and_starts_once(data: Path) -> None:
    first = start(data)
    assert start(data)["pid"] == first["pid"]
    assert query(first, "SHOW max_connections") == "200"
    assert query(first, "SHOW fsync") == query(first, "SHOW synchronous_commit") == "on"
    assert query(first, "SHOW listen_addresses") == ""
    assert command("stop", data).returncode == 0
    assert not is_alive(first["pid"])
    assert command("stop", data).returncode == 0


def test_an_immediate_stop_loses_nothing(data: Path) -> None:
    query(start(data), "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    assert command("stop", data, "--mode", "immediate").returncode == 0
    assert query(start(data), "SELECT count(*) FROM kept") == "1000"


def test_reused_process_number_is_not_our_server(data: Path) -> None:
    server = start(data)
    record = (data / "postmaster.pid").read_text()
    command("stop", data)
    (data / "postmaster.pid").write_text(record.replace(str(server["pid"]), str(os.getpid()), 1))
    assert query(start(data), "SELECT 1") == "1"


def test_two_starts_at_once_make_one_server(data: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        servers = list(pool.map(start, [data, data]))
    assert servers[0] == servers[1]


def test_interrupted_initialisation_is_repeated(data: Path) -> None:
    half = data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert query(start(data), "SELECT 1") == "1"
    assert not half.exists()


def test_text_sorts_alike_on_every_system(data: Path) -> None:
    statement = "SELECT datlocprovider, datlocale, upper('é') FROM pg_database LIMIT 1"
    assert query(start(data), statement) == "b|C.UTF-8|É"


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's server has its own user")


@only_root
def test_root_closed_folder_of_others_refuses(data: Path) -> None:
    data.parent.chmod(0o700)
    refused = command("start", data)
    assert refused.returncode == 1
    assert f"who cannot pass {data.parent}" in refused.stderr, refused.stderr
    assert data.parent.stat().st_mode & 0o777 == 0o700
    assert not data.exists() and not data.with_name("data.new").exists()


@only_root
def test_root_marked_folder_opens_to_pass(data: Path) -> None:
    data.parent.chmod(0o755)
    ours = data.parent / "ours"
    (ours / "chaos").mkdir(parents=True)
    (ours / "made-by-cargo-local").touch()
    for folder in (ours, ours / "chaos"):
        folder.chmod(0o700)
    server = start(ours / "chaos" / "data")
    try:
        assert query(server, "SELECT 1") == "1"
    finally:
        command("stop", ours / "chaos" / "data", "--mode", "immediate")
    assert (ours / "chaos").stat().st_mode & 0o777 == 0o701
    assert data.parent.stat().st_mode & 0o777 == 0o755


def test_too_long_socket_path_is_refused(tmp_path: Path) -> None:
    refused = command("start", tmp_path / ("long" * 30))
    assert refused.returncode == 1
    assert "choose a shorter folder" in refused.stderr and "103 are allowed" in refused.stderr
