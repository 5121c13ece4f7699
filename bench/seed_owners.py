"""Fills the database of a generated project with items of many owners: `python seed_owners.py`.

One owner has the 400,000 oldest of a million items, and 199 others share the rest. It prints for
each kind of user the header that sends its token, and the paths of its first, middle and last page,
as JSON. It runs like `seed.py`, in a project with integers as ids.
"""

import asyncio
import json
from typing import Any

from app.auth.models import User
from app.auth.tokens import BEARER, TokenSigner
from app.db.models import now
from app.db.session import connect
from app.items.models import Item
from app.settings import Settings
from sqlalchemy import Select, String, case, cast, literal, text
from sqlmodel import col, func, insert, select

ITEMS, OLDEST, OWNERS = 1_000_000, 400_000, 200
LIMIT = 100
BEFORE = {"mysql": f"SET SESSION max_recursive_iterations = {ITEMS}"}
STATISTICS = {"mysql": "ANALYZE TABLE items"}


def select_items(first: int) -> Select[Any]:
    """The items as rows. The ids of the owners follow each other, beginning with the first."""
    numbers = select(literal(0).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < ITEMS - 1))
    n = numbers.c.n
    owner = case((n < OLDEST, first), else_=first + 1 + n % (OWNERS - 1))
    time = literal(now(), Item.__table__.c.created_at.type)
    name = literal("item ") + cast(n, String(20))
    return select(owner, name, literal("x" * 40), time, time).order_by(n)


async def find_pages(session: Any, owner: User) -> dict[str, str]:
    """The paths of the first, the middle and the last page. Superusers see all items."""
    ids = select(Item.id).order_by(col(Item.id))
    if not owner.is_superuser:
        ids = ids.where(Item.owner_id == owner.id)
    count = (await session.exec(select(func.count()).select_from(ids.subquery()))).one()
    path = f"/items?limit={LIMIT}"
    pages = {"first": path}
    for name, before in {"middle": count // 2, "last": count - LIMIT}.items():
        after = (await session.exec(ids.offset(before - 1).limit(1))).one()
        pages[name] = f"{path}&after={after}"
    return pages


async def main() -> None:
    settings = Settings()
    signer = TokenSigner(settings)
    async with connect(settings) as db:
        async with db.unit() as session:
            owners = [
                User(email=f"{n}@example.com", hashed_password="!", is_superuser=n == OWNERS)
                for n in range(OWNERS + 1)
            ]
            for owner in owners:  # one by one, so that their ids follow each other
                session.add(owner)
                await session.flush()
        async with db.unit() as session:
            dialect = session.get_bind().dialect.name.replace("mariadb", "mysql")
            if dialect in BEFORE:
                await session.execute(text(BEFORE[dialect]))
            columns = ["owner_id", "name", "description", "created_at", "updated_at"]
            rows = select_items(owners[0].id)
            await session.execute(insert(Item).from_select(columns, rows, include_defaults=False))
        async with db.unit() as session:
            await session.execute(text(STATISTICS.get(dialect, "ANALYZE")))
        kinds = {
            "all items, as a superuser": owners[-1],
            "the owner of the 400,000 oldest": owners[0],
            "one of 199 other owners": owners[100],
        }
        async with db.unit(read_only=True) as session:
            for kind, owner in kinds.items():
                header = f"Authorization: Bearer {signer.sign(owner, BEARER, seconds=3600)}"
                pages = await find_pages(session, owner)
                print(json.dumps({"kind": kind, "header": header, "pages": pages}))


asyncio.run(main())
