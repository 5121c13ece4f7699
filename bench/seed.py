"""Fills the database of a generated project with items: `python seed.py NUMBER`.

It prints the header that sends a bearer token, the one that sends a session cookie, both empty if
the project has no users, and then the id of each item. It runs in the folder of the project, with
the project's packages, on a database that has been migrated.
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


async def create_owner(db: Any, settings: Any) -> tuple[Any, str, str]:
    """Register a user. Returns its id, and the headers of a token and of a session."""
    from app.auth.manager import UserManager
    from app.auth.tokens import BEARER, SessionTokens, TokenSigner

    async with db.unit() as session:
        manager = UserManager.from_session(session, settings)
        user = await manager.register("bench@example.com", token_hex(16), is_verified=True)
        token = TokenSigner(settings).sign(user, BEARER, seconds=3600)
        cookie = await SessionTokens(manager.users, settings).write_token(user)
    return user.id, f"Authorization: Bearer {token}", f"Cookie: {settings.session_cookie}={cookie}"


async def main(count: int) -> None:
    settings = Settings()
    bearer, cookie, owner = "", "", {}
    async with connect(settings) as db:
        if find_spec("app.auth") is not None:
            owner["owner_id"], bearer, cookie = await create_owner(db, settings)
        for start in range(0, count, BATCH):
            rows = [
                {"name": f"item {number}", "description": "x" * 40, **owner}
                for number in range(start, min(start + BATCH, count))
            ]
            async with db.unit() as session:
                await session.execute(insert(Item), rows)
        async with db.unit(read_only=True) as session:
            ids = (await session.exec(select(Item.id).order_by(col(Item.id)))).all()
    print(bearer, cookie, *ids, sep="\n")


asyncio.run(main(int(sys.argv[1])))
