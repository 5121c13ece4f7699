"""The server of the tests: TEST_DATABASE_URL, or a temporary PostgreSQL."""

from contextlib import AbstractContextManager

from sqlalchemy import URL, text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from tests.server import created_database, running_server

__all__ = ["UNREACHABLE", "fresh_database", "make_commit_fail", "running_server"]

UNREACHABLE = parse_url("postgresql://nobody@127.0.0.1:1/test")


def fresh_database(server: URL) -> AbstractContextManager[URL]:
    return created_database(server, drop_options="WITH (FORCE)")


async def make_commit_fail(session: AsyncSession) -> None:
    """Violate a constraint that is checked at COMMIT."""
    connection = await session.connection()
    await connection.execute(
        text("CREATE TEMP TABLE once (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
    )
    await connection.execute(text("INSERT INTO once VALUES (1), (1)"))
