"""The SQLite of the tests: files in a folder that is gone when the run ends."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url

AWAY = parse_url("sqlite:////no/such/folder/test.db")


@contextmanager
def running_server() -> Iterator[str]:
    """There is none; a folder takes its place."""
    with tempfile.TemporaryDirectory(prefix="test-databases-") as folder:
        yield folder


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    yield f"sqlite:///{Path(server) / f'test_{token_hex(6)}.db'}"


async def make_commit_fail(session: AsyncSession) -> None:
    """A foreign key that is checked at COMMIT, and violated."""
    connection = await session.connection()
    for statement in (
        "CREATE TEMP TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY)",
        "CREATE TEMP TABLE IF NOT EXISTS child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO child VALUES (1)",
    ):
        await connection.execute(text(statement))
