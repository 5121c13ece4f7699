"""The database server of the tests, and the databases on it."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from secrets import token_hex

import pytest
from sqlalchemy import URL

from app.db.url import parse_url
from dev.process import NoServer, run_sql
from dev.server import own_server


@contextmanager
def running_server() -> Generator[URL]:
    """The server at TEST_DATABASE_URL, or a temporary one. Ends the test run if there is none."""
    if (given := given_server()) is not None:
        yield given
        return
    try:
        with own_server() as url:
            yield url
    except NoServer as error:
        pytest.exit(str(error), returncode=1)


def given_server() -> URL | None:
    if (value := os.environ.get("TEST_DATABASE_URL")) is None:
        return None
    url = parse_url(value)
    if "test" not in (url.database or ""):
        pytest.exit("TEST_DATABASE_URL must name a database with `test` in its name", returncode=1)
    return url


@contextmanager
def created_database(server: URL, *, options: str = "", drop_options: str = "") -> Generator[URL]:
    """A new database for tests. It is dropped when the block ends."""
    name = f"test_{token_hex(6)}"
    run_sql(server, f"CREATE DATABASE {name} {options}")
    try:
        yield server.set(database=name)
    finally:
        run_sql(server, f"DROP DATABASE {name} {drop_options}")
