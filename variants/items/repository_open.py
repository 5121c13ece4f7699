"""The items, as a collection: their queries live here."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends
from sqlmodel import bindparam, col, select

from app.db.ids import Id
from app.db.session import Repository
from app.items.models import Item

# Statements are made once: building one costs as much as running it.
ONE = select(Item).where(col(Item.id) == bindparam("id"))
FIRST = select(Item).order_by(col(Item.id)).limit(bindparam("limit"))
AFTER = FIRST.where(col(Item.id) > bindparam("after"))


class ItemRepository(Repository):
    async def get(self, item_id: Id) -> Item | None:
        return (await self.session.exec(ONE, params={"id": item_id})).one_or_none()

    async def page(self, limit: int, after: Id | None) -> Sequence[Item]:
        """At most `limit` items in the order of their ids, those beyond `after`."""
        if after is None:
            return (await self.session.exec(FIRST, params={"limit": limit})).all()
        return (await self.session.exec(AFTER, params={"limit": limit, "after": after})).all()

    async def add(self, item: Item) -> Item:
        self.session.add(item)
        await self.session.flush()
        return item

    async def save(self, item: Item) -> Item:
        await self.session.flush()
        return item

    async def remove(self, item: Item) -> None:
        await self.session.delete(item)
        await self.session.flush()


Items = Annotated[ItemRepository, Depends(ItemRepository.provide)]
