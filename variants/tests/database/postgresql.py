"""The server of the tests: TEST_DATABASE_URL, or a temporary PostgreSQL."""

from contextlib import AbstractContextManager

from sqlalchemy import URL, delete, literal, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from tests.server import created_database, running_server

__all__ = ["UNREACHABLE", "delete_rows", "fresh_database", "make_commit_fail", "running_server"]

UNREACHABLE = parse_url("postgresql://nobody@127.0.0.1:1/test")


def fresh_database(server: URL) -> AbstractContextManager[URL]:
    return created_database(server, drop_options="WITH (FORCE)")


async def delete_rows(engine: AsyncEngine) -> None:
    """Delete the rows of all tables in one statement: foreign keys are checked when it ends."""
    tables = SQLModel.metadata.tables.values()
    emptied = [delete(table).cte(f"emptied_{number}") for number, table in enumerate(tables)]
    async with engine.begin() as connection:
        await connection.execute(select(literal(1)).add_cte(*emptied))


async def make_commit_fail(session: AsyncSession) -> None:
    """Violate a constraint that is checked at COMMIT."""
    connection = await session.connection()
    await connection.execute(
        text("CREATE TEMP TABLE once (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
    )
    await connection.execute(text("INSERT INTO once VALUES (1), (1)"))
