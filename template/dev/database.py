"""Runs a command with a database server: `uv run python -m dev.database fastapi dev`.

The server is the one at DATABASE_URL, from the environment or `.env`. Without DATABASE_URL, this
starts a server with its data in `.database/`. Other commands share it until this one ends.
"""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from app.db.url import parse_url
from app.settings import read_settings
from dev.process import UID, NoServer, run_sql
from dev.server import own_server

ROOT = Path(__file__).parents[1]


def data_folder() -> Path:
    """A folder that the server's account can reach: in the project, or else in /var/tmp."""
    if UID is None or all(place.stat().st_mode & 0o001 for place in (ROOT, *ROOT.parents)):
        return ROOT / ".database"
    return Path("/var/tmp") / f"{ROOT.name}-{crc32(bytes(ROOT)):x}"


FOLDER = data_folder()


def main() -> int:
    settings, command = read_settings(), sys.argv[1:]
    if "database_url" in settings.model_fields_set:
        return call(command)
    with shared_server() as server:
        url = server.set(database=settings.database_url.database)
        if not answers(url):
            run_sql(server, f"CREATE DATABASE {url.database}")
        return call(command, DATABASE_URL=url.render_as_string(hide_password=False))


def call(command: list[str], **environment: str) -> int:
    process = subprocess.Popen(command, env=os.environ | environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the command gets the same signal and exits
            continue


@contextmanager
def shared_server() -> Generator[URL]:
    address = FOLDER / "address"
    if address.exists() and answers(url := parse_url(address.read_text())):
        yield url
        return
    FOLDER.mkdir(exist_ok=True)
    with own_server(FOLDER) as url:
        address.write_text(url.render_as_string(hide_password=False))
        sys.stderr.write(f"Started a database server at {url}, with its data in {FOLDER}\n")
        try:
            yield url
        finally:
            address.unlink()


def answers(url: URL) -> bool:
    try:
        run_sql(url, "SELECT 1")
    except (DBAPIError, OSError):
        return False
    return True


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NoServer as error:
        sys.exit(str(error))
