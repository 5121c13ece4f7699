"""The databases of the tests: files in a temporary folder."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from sqlalchemy import URL, delete, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url

UNREACHABLE = parse_url("sqlite:////no/such/folder/test.db")


@contextmanager
def running_server() -> Generator[URL]:
    """A folder takes the place of a server."""
    with tempfile.TemporaryDirectory(prefix="test-databases-") as folder:
        yield parse_url(f"sqlite:///{folder}")


@contextmanager
def fresh_database(server: URL) -> Generator[URL]:
    yield server.set(database=str(Path(server.database or "") / f"test_{token_hex(6)}.db"))


async def delete_rows(engine: AsyncEngine) -> None:
    """Delete the rows of all tables, in any order: tables may reference each other in a cycle."""
    tables = SQLModel.metadata.tables.values()
    deletes = [f"{delete(table).compile(engine.sync_engine)};" for table in tables]
    async with engine.connect() as connection:
        raw: Any = await connection.get_raw_connection()
        await raw.driver_connection.execute("PRAGMA foreign_keys = OFF")  # not in a transaction
        try:
            await raw.driver_connection.executescript("\n".join(deletes))
        finally:
            await raw.driver_connection.execute("PRAGMA foreign_keys = ON")


@contextmanager
def refusing_databases(server: URL) -> Generator[dict[str, URL]]:
    """Files that cannot be opened, by the reason."""
    missing = Path(server.database or "") / "missing" / "test.db"
    yield {"missing folder": server.set(database=str(missing)), "a folder": server}


async def make_commit_fail(session: AsyncSession) -> None:
    """Violate a foreign key that is checked at COMMIT."""
    connection = await session.connection()
    for statement in (
        "CREATE TEMP TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY)",
        "CREATE TEMP TABLE IF NOT EXISTS child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
        "INSERT INTO child VALUES (1)",
    ):
        await connection.execute(text(statement))
