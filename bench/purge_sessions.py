"""Fills the database of a generated project with a million sessions, and purges some of them.

It prints the milliseconds of each batch as JSON: when few sessions are expired, and then when many
are. It runs like `seed.py`, after `seed_owners.py`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from app.auth.models import User, UserSession
from app.db import purge
from app.db.models import now
from app.db.session import connect
from app.settings import Settings
from sqlalchemy import String, cast, literal, text
from sqlmodel import func, insert, select

# In each of these HOURS, PER_HOUR sessions expire.
HOURS, PER_HOUR = 100, 10_000
# The first purge runs after FEW hours, and the second one after MANY hours.
FEW, MANY = 2, 22
STATISTICS = {"mysql": "ANALYZE TABLE user_sessions"}


class TimedUnits:
    """A database that measures its units of work."""

    def __init__(self, db: Any) -> None:
        self.db = db
        self.milliseconds: list[float] = []

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Any]:
        start = time.perf_counter()
        async with self.db.unit() as session:
            yield session
        self.milliseconds.append((time.perf_counter() - start) * 1000)


async def main() -> None:
    start = now()
    async with connect(Settings()) as db:
        async with db.unit(read_only=True) as session:
            user = (await session.exec(select(User.id).limit(1))).one()
            dialect = session.get_bind().dialect.name.replace("mariadb", "mysql")
        numbers = select(literal(0).label("n")).cte("numbers", recursive=True)
        numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < PER_HOUR - 1))
        for hour in range(HOURS):
            expires_at = literal(
                start + timedelta(hours=hour), UserSession.__table__.c.expires_at.type
            )
            seed = cast(hour * PER_HOUR + numbers.c.n, String(20))
            digest = func.md5(seed, type_=String) + func.md5(literal("-") + seed)
            token = func.hex(func.randomblob(32)) if dialect == "sqlite" else digest
            rows = select(token, literal(user), expires_at).select_from(numbers)
            async with db.unit() as session:
                if dialect == "mysql":
                    await session.execute(
                        text(f"SET SESSION max_recursive_iterations = {PER_HOUR}")
                    )
                columns = ["token", "user_id", "expires_at"]
                await session.execute(insert(UserSession).from_select(columns, rows))
        async with db.unit() as session:
            await session.execute(text(STATISTICS.get(dialect, "ANALYZE")))
        for name, hours in {"few": FEW, "many": MANY}.items():
            moment = start + timedelta(hours=hours, minutes=-1)
            purge.now = lambda moment=moment: moment
            timed: Any = TimedUnits(db)
            await purge.delete_expired(timed, UserSession)
            print(json.dumps({"expired": name, "milliseconds": timed.milliseconds}))


asyncio.run(main())
