"""Runs a command with a database server: `uv run python -m dev.database fastapi dev`.

The server is the one at DATABASE_URL, from the environment or `.env`. Without DATABASE_URL, this
starts a server with its data in `.database/`. All commands share it, and the last one stops it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from pathlib import Path
from zlib import crc32

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from app.db.url import parse_url
from app.settings import read_settings
from dev.process import UID, NoServer, run_sql
from dev.server import own_server

ROOT = Path(__file__).parents[1]
SERVE = [sys.executable, "-m", "dev.database", "--serve"]


def data_folder() -> Path:
    """Choose a folder that the user of the server can enter: in the project or in /var/tmp."""
    if UID is None or all(place.stat().st_mode & 0o001 for place in (ROOT, *ROOT.parents)):
        return ROOT / ".database"
    return Path("/var/tmp") / f"{ROOT.name}-{crc32(bytes(ROOT)):x}"


FOLDER = data_folder()
ADDRESS = FOLDER / "address"
USERS = FOLDER / "users.lock"  # each command holds a shared lock while it uses the server


def main() -> int:
    command = sys.argv[1:]
    if command == ["--serve"]:
        serve()
        return 0
    with development_database() as url:
        return call(command, DATABASE_URL=url.render_as_string(hide_password=False))


def call(command: list[str], **environment: str) -> int:
    process = subprocess.Popen(command, env=os.environ | environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            pass  # the command gets the same signal and ends by itself


@contextmanager
def development_database() -> Generator[URL]:
    """The database at DATABASE_URL, or one on the shared server."""
    settings = read_settings()
    if "database_url" in settings.model_fields_set:
        yield settings.database_url
        return
    with shared_server() as server:
        url = server.set(database=settings.database_url.database)
        if not answers(url):
            run_sql(server, f"CREATE DATABASE {url.database}")
        yield url


@contextmanager
def shared_server() -> Generator[URL]:
    """Use the running server, or start one. It stops when no command uses it."""
    FOLDER.mkdir(exist_ok=True)
    if FOLDER.parent != ROOT and FOLDER.lstat().st_uid not in (0, UID):  # any user can create it
        raise NoServer(f"{FOLDER} belongs to another user. Remove it, or set DATABASE_URL.")
    with (FOLDER / "start.lock").open("w") as starting, USERS.open("w") as users:
        flock(starting, LOCK_EX)
        flock(users, LOCK_SH)
        url = running_server() or start_server()
        flock(starting, LOCK_UN)
        yield url


def running_server() -> URL | None:
    if ADDRESS.exists() and answers(url := parse_url(ADDRESS.read_text())):
        return url
    return None


def start_server() -> URL:
    """Start the server in a separate process, so that it can outlive this command."""
    log = FOLDER / "start.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            SERVE,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    while (url := running_server()) is None:
        if process.poll() is not None:
            raise NoServer(log.read_text().strip())
        time.sleep(0.1)
    sys.stderr.write(f"Started a database server at {url}, with its data in {FOLDER}\n")
    return url


def serve() -> None:
    """Run the server until no command holds a lock."""
    with USERS.open("w") as users, own_server(FOLDER) as url:
        written = ADDRESS.with_suffix(".new")
        written.write_text(url.render_as_string(hide_password=False))
        written.rename(ADDRESS)  # atomic: no reader sees half an address
        while True:
            try:
                flock(users, LOCK_EX | LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.2)
        ADDRESS.unlink()


def answers(url: URL) -> bool:
    try:
        run_sql(url, "SELECT 1")
    except (DBAPIError, OSError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
