"""Fills the database of a generated project with a million items and users: `python seed_owners.py`.

One owner has the 400,000 oldest items, and 199 others share the rest. It prints for each kind of user
the header that sends its token, and the paths of its first, middle and last page, as JSON. It runs
like `seed.py`, in a project with integers as ids.
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
from sqlalchemy import ColumnElement, Select, String, case, cast, false, literal, text
from sqlmodel import col, func, insert, select

ROWS, OLDEST, OWNERS = 1_000_000, 400_000, 200
LIMIT = 100
BEFORE = {"mysql": f"SET SESSION max_recursive_iterations = {ROWS}"}
STATISTICS = {"mysql": "ANALYZE TABLE items, users"}


def count_rows() -> ColumnElement[int]:
    """A column with the numbers of the rows."""
    numbers = select(literal(0).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < ROWS - 1))
    return numbers.c.n


def select_items(first: int) -> Select[Any]:
    """The items as rows. The ids of the owners follow each other, beginning with the first."""
    n = count_rows()
    owner = case((n < OLDEST, first), else_=first + 1 + n % (OWNERS - 1))
    time = literal(now(), Item.__table__.c.created_at.type)
    name = literal("item ") + cast(n, String(20))
    return select(owner, name, literal("x" * 40), time, time).order_by(n)


def select_users() -> Select[Any]:
    """Users as rows, who own nothing."""
    n = count_rows()
    time = literal(now(), User.__table__.c.created_at.type)
    email = literal("user") + cast(n, String(20)) + literal("@example.com")
    return select(email, literal("!"), false(), false(), false(), time, time).order_by(n)


async def find_pages(session: Any, path: str, ids: Any) -> dict[str, str]:
    """The paths of the first, the middle and the last page of the rows with these ids."""
    count = (await session.exec(select(func.count()).select_from(ids.subquery()))).one()
    path = f"{path}?limit={LIMIT}"
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
            columns = ["email", "hashed_password", "is_active", "is_superuser", "is_verified"]
            columns += ["created_at", "updated_at"]
            rows = select_users()
            await session.execute(insert(User).from_select(columns, rows, include_defaults=False))
        async with db.unit() as session:
            await session.execute(text(STATISTICS.get(dialect, "ANALYZE")))
        items = select(Item.id).order_by(col(Item.id))
        users = select(User.id).order_by(col(User.id))
        oldest, other, superuser = owners[0], owners[100], owners[-1]
        kinds = {
            "all items, as a superuser": (superuser, "/items", items),
            "the owner of the 400,000 oldest": (
                oldest,
                "/items",
                items.where(Item.owner_id == oldest.id),
            ),
            "one of 199 other owners": (other, "/items", items.where(Item.owner_id == other.id)),
            "all of a million users": (superuser, "/users", users),
        }
        async with db.unit(read_only=True) as session:
            for kind, (user, path, ids) in kinds.items():
                header = f"Authorization: Bearer {signer.sign(user, BEARER, seconds=3600)}"
                pages = await find_pages(session, path, ids)
                print(json.dumps({"kind": kind, "header": header, "pages": pages}))


asyncio.run(main())
