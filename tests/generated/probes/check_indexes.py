"""Checks that the database uses an index to list users and API keys, and to purge expired rows.

Runs with the project's own Python, in its folder, on its own migrated database. It adds many rows,
asks the database how it runs each statement, and deletes the rows. It fails with the statements that
read a whole table or sort it.
"""

import asyncio
import re
import sys
from datetime import timedelta
from typing import Any

import app.main  # noqa: F401  imports all tables
from app.auth.models import ApiKey, User, UserSession
from app.auth.repository import ApiKeyRepository, UserRepository
from app.db.database import Database
from app.db.models import now
from app.db.purge import delete_expired
from app.db.session import connect
from app.http.models import IdempotencyKey
from app.settings import read_settings
from sqlalchemy import Engine, event
from sqlmodel import SQLModel, delete, select, text

ROWS, EXPIRED = 2000, 10
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN", "mysql": "EXPLAIN"}
ANALYZE = {"mysql": "ANALYZE TABLE users, user_sessions, api_keys, idempotency_keys"}
# The words of a query plan that reads or sorts a whole table.
SLOW = {
    "sqlite": r"SCAN (?!.*USING)|TEMP B-TREE",
    "postgresql": r"Seq Scan|Sort",
    "mysql": r"'ALL'|filesort",
}
TABLES: list[type[SQLModel]] = [IdempotencyKey, UserSession, ApiKey, User]


async def fill(db: Database) -> User:
    """Adds the rows, and returns one of the users."""
    users = [User(email=f"{n}@example.com", hashed_password="!") for n in range(ROWS)]
    async with db.unit() as session:
        session.add_all(users)
    rows: list[SQLModel] = []
    for n, user in enumerate(users):
        # The rows that have expired are spread over the table.
        expires_at = now() + timedelta(days=-1 if n % (ROWS // EXPIRED) == 0 else n)
        rows.append(UserSession(token=f"{n}", user_id=user.id, expires_at=expires_at))
        rows.append(ApiKey(token=f"{n}", user_id=user.id, name="a program"))
        rows.append(IdempotencyKey(id=f"{n}", fingerprint="", expires_at=expires_at))
    async with db.unit() as session:
        session.add_all(rows)
    return users[ROWS // 2]


async def use(db: Database, user: User) -> list[tuple[str, Any]]:
    """Lists and purges, and returns the statements with their parameters."""
    statements: list[tuple[str, Any]] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def record(_: Any, __: Any, statement: str, parameters: Any, *more: Any) -> None:
        statements.append((statement, parameters))

    async with db.unit(read_only=True) as session:
        for after in (None, user.id):
            await UserRepository.from_session(session).page(50, after)
            await ApiKeyRepository.from_session(session).page(user, 50, after)
    for table in (UserSession, IdempotencyKey):
        assert await delete_expired(db, table) == EXPIRED
    event.remove(Engine, "before_cursor_execute", record)
    return [found for found in statements if found[0].startswith(("SELECT", "DELETE"))]


async def main() -> None:
    async with connect(read_settings()) as db:
        user = await fill(db)
        async with db.unit() as session:
            dialect = session.get_bind().dialect.name.replace("mariadb", "mysql")
            await session.exec(text(ANALYZE.get(dialect, "ANALYZE")))  # type: ignore[call-overload]
        statements = await use(db, user)
        slow = []
        async with db.unit() as session:
            connection = await session.connection()
            for statement, parameters in statements:
                explain = f"{EXPLAIN[dialect]} {statement}"
                plan = [str(row) for row in await connection.exec_driver_sql(explain, parameters)]
                if re.search(SLOW[dialect], "\n".join(plan)):
                    slow.append("\n  ".join([statement, *plan]))
        async with db.unit() as session:
            for table in TABLES:
                await session.exec(delete(table))
            assert not (await session.exec(select(User))).all()
    if len(statements) != 8:
        slow.append(f"{len(statements)} statements instead of 8")
    if slow:
        sys.exit("\n".join(slow))


asyncio.run(main())
