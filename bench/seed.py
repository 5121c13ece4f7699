"""Fills the items of a generated project, and prints their ids; with users, a token comes first.

Run with the project's own Python, in its folder, on a migrated database. Its argument is how many.
"""

import asyncio
import sys
from importlib.util import find_spec
from secrets import token_hex

from app.db.session import connect
from app.items.models import Item
from app.settings import Settings
from sqlmodel import insert, select


async def main(count: int) -> None:
    users = find_spec("app.auth") is not None
    owner, token = {}, ""
    async with connect(Settings()) as db:
        async with db.unit() as session:
            if users:
                from app.auth.manager import UserManager
                from app.auth.tokens import BEARER, issue

                manager = UserManager.of(session)
                user = await manager.register("bench@example.com", token_hex(16), is_verified=True)
                owner, token = {"owner_id": user.id}, issue(user, BEARER, seconds=3600)
        for start in range(0, count, 1000):
            rows = [
                {"name": f"item {n}", "description": "x" * 40, **owner}
                for n in range(start, start + 1000)
            ]
            async with db.unit() as session:
                await session.execute(insert(Item), rows)
        async with db.unit(read_only=True) as session:
            ids = (await session.exec(select(Item.id))).all()
    print(f"token:{token}")
    print(*ids, sep="\n")


asyncio.run(main(int(sys.argv[1])))
