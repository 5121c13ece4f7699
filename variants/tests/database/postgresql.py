"""The server of the tests: TEST_DATABASE_URL, or a temporary PostgreSQL."""

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from secrets import token_hex

from sqlalchemy import URL, delete, literal, select, text
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

UNREACHABLE = parse_url("postgresql://nobody@127.0.0.1:1/test")


def fresh_database(server: URL) -> AbstractContextManager[URL]:
    return created_database(server, drop_options="WITH (FORCE)")


async def delete_rows(engine: AsyncEngine) -> None:
    """Delete the rows of all tables in one statement: foreign keys are checked when it ends."""
    tables = SQLModel.metadata.tables.values()
    emptied = [delete(table).cte(f"emptied_{number}") for number, table in enumerate(tables)]
    async with engine.begin() as connection:
        await connection.execute(select(literal(1)).add_cte(*emptied))


@contextmanager
def refusing_databases(server: URL) -> Generator[dict[str, URL]]:
    """Databases that refuse connections, by the reason. Some are made with `CREATE`."""
    locked, full = f"test_{token_hex(6)}", f"test_{token_hex(6)}"
    run_sql(server, f"CREATE ROLE {locked} NOLOGIN")
    run_sql(server, f"CREATE ROLE {full} LOGIN CONNECTION LIMIT 0")
    with fresh_database(server) as closed:
        run_sql(server, f"ALTER DATABASE {closed.database} ALLOW_CONNECTIONS false")
        yield {
            "unknown host": server.set(host="host.invalid"),
            "invalid host": server.set(host="host..invalid"),
            "closed port": server.set(host="127.0.0.1", port=1),
            "missing database": server.set(database="test_missing"),
            "missing role": server.set(username="test_missing"),
            "role without login": server.set(username=locked),
            "too many connections": server.set(username=full),
            "closed database": closed,
        }
    for role in (locked, full):
        run_sql(server, f"DROP ROLE {role}")


async def make_commit_fail(session: AsyncSession) -> None:
    """Violate a constraint that is checked at COMMIT."""
    connection = await session.connection()
    await connection.execute(
        text("CREATE TEMP TABLE once (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
    )
    await connection.execute(text("INSERT INTO once VALUES (1), (1)"))
