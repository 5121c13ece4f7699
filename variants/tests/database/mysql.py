"""The server of the tests: TEST_DATABASE_URL, or a temporary MariaDB."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from secrets import token_hex

from sqlalchemy import URL, delete, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from dev.process import run_sql
from tests.server import created_database, running_server

__all__ = [
    "UNREACHABLE",
    "delete_rows",
    "fresh_database",
    "make_commit_fail",
    "refusing_databases",
    "running_server",
]

UNREACHABLE = parse_url("mysql://nobody@127.0.0.1:1/test")


def fresh_database(server: URL) -> AbstractContextManager[URL]:
    return created_database(server, options="CHARACTER SET utf8mb4")


async def delete_rows(engine: AsyncEngine) -> None:
    """Delete the rows of all tables, in any order: tables may reference each other in a cycle."""
    async with engine.begin() as connection:
        await connection.execute(text("SET foreign_key_checks = 0"))
        try:
            for table in SQLModel.metadata.tables.values():
                await connection.execute(delete(table))
        finally:
            await connection.execute(text("SET foreign_key_checks = 1"))


@contextmanager
def refusing_databases(server: URL) -> Generator[dict[str, URL]]:
    """Databases that refuse connections, by the reason."""
    user = f"test_{token_hex(6)}"
    run_sql(server, f"CREATE USER {user} IDENTIFIED BY 'right' ACCOUNT LOCK")
    yield {
        "unknown host": server.set(host="host.invalid"),
        "invalid host": server.set(host="host..invalid"),
        "closed port": server.set(host="127.0.0.1", port=1),
        "missing database": server.set(database="test_missing"),
        "missing user": server.set(username="test_missing"),
        "wrong password": server.set(username=user, password="a-secret"),
        "locked account": server.set(username=user, password="right"),
    }
    run_sql(server, f"DROP USER {user}")


async def make_commit_fail(session: AsyncSession) -> None:
    """Kill the connection: MySQL has no constraint that is checked at COMMIT."""
    connection = await session.connection()
    own = await connection.scalar(text("SELECT CONNECTION_ID()"))
    async with connection.engine.connect() as other:
        await other.execute(text(f"KILL {own}"))
