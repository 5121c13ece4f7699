"""Runs a command with a database to work on: `uv run python -m tests.dev fastapi dev`.

It is that of DATABASE_URL, from the environment or .env. Where there is none, a server of its own
starts, whose data stay in `.database/`; commands beside this one share it, and it ends with this one.
"""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from app.db.url import parse_url
from app.settings import Settings, read_settings
from tests.database import own_server
from tests.servers import UID, run_sql

ROOT = Path(__file__).parents[1]


def folder() -> Path:
    """Beside the service; in /var/tmp where only root may enter, as which no server runs."""
    if UID is None or all(place.stat().st_mode & 0o001 for place in (ROOT, *ROOT.parents)):
        return ROOT / ".database"
    return Path("/var/tmp") / f"{ROOT.name}-{crc32(bytes(ROOT)):x}"


FOLDER = folder()


def main() -> int:
    settings, command = read_settings(Settings), sys.argv[1:]
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
        except KeyboardInterrupt:  # it has got the same signal, and ends in its own time
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
        sys.stderr.write(f"Its database: {url}, with its data in {FOLDER}\n")
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
    except pytest.exit.Exception as error:  # there is no server, and what to do
        sys.exit(str(error))
