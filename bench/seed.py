"""Fills the database of a generated project with items: `python seed.py NUMBER`.

It prints `token:` with the bearer token of their owner, or without one if the project has no users,
and then the id of each item. It runs in the folder of the project, with the project's packages, on
a database that has been migrated.
"""

import asyncio
import sys
from importlib.util import find_spec
from secrets import token_hex
from typing import Any

from app.db.session import connect
from app.items.models import Item
from app.settings import Settings
from sqlmodel import col, insert, select

BATCH = 1000


async def create_owner(db: Any, settings: Any) -> tuple[Any, str]:
    """Register a user. Returns its id and a token that is valid for an hour."""
    from app.auth.manager import UserManager
    from app.auth.tokens import BEARER, TokenSigner

    async with db.unit() as session:
        manager = UserManager.from_session(session, settings)
        user = await manager.register("bench@example.com", token_hex(16), is_verified=True)
        return user.id, TokenSigner(settings).sign(user, BEARER, seconds=3600)


async def main(count: int) -> None:
    settings = Settings()
    token, owner = "", {}
    async with connect(settings) as db:
        if find_spec("app.auth") is not None:
            owner["owner_id"], token = await create_owner(db, settings)
        for start in range(0, count, BATCH):
            rows = [
                {"name": f"item {number}", "description": "x" * 40, **owner}
                for number in range(start, min(start + BATCH, count))
            ]
            async with db.unit() as session:
                await session.execute(insert(Item), rows)
        async with db.unit(read_only=True) as session:
            ids = (await session.exec(select(Item.id).order_by(col(Item.id)))).all()
    print(f"token:{token}")
    print(*ids, sep="\n")


asyncio.run(main(int(sys.argv[1])))
