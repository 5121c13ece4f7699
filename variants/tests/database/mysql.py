"""The server of the tests: TEST_DATABASE_URL, or a temporary MariaDB."""

from contextlib import AbstractContextManager

from sqlalchemy import URL, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from tests.server import created_database, running_server

__all__ = ["UNREACHABLE", "fresh_database", "make_commit_fail", "running_server"]

UNREACHABLE = parse_url("mysql://nobody@127.0.0.1:1/test")


def fresh_database(server: URL) -> AbstractContextManager[URL]:
    return created_database(server, options="CHARACTER SET utf8mb4")


async def make_commit_fail(session: AsyncSession) -> None:
    """Kill the connection: MySQL has no constraint that is checked at COMMIT."""
    connection = await session.connection()
    own = await connection.scalar(text("SELECT CONNECTION_ID()"))
    engine = create_async_engine(connection.engine.url, poolclass=NullPool)
    async with engine.connect() as other:
        await other.execute(text(f"KILL {own}"))
    await engine.dispose()
