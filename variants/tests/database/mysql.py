"""The server of the tests: TEST_DATABASE_URL, or a temporary MariaDB."""

from contextlib import AbstractContextManager

from sqlalchemy import URL, NullPool, delete, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from tests.server import created_database, running_server

__all__ = ["UNREACHABLE", "delete_rows", "fresh_database", "make_commit_fail", "running_server"]

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


async def make_commit_fail(session: AsyncSession) -> None:
    """Kill the connection: MySQL has no constraint that is checked at COMMIT."""
    connection = await session.connection()
    own = await connection.scalar(text("SELECT CONNECTION_ID()"))
    engine = create_async_engine(connection.engine.url, poolclass=NullPool)
    async with engine.connect() as other:
        await other.execute(text(f"KILL {own}"))
    await engine.dispose()
