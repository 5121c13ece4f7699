"""The items, as a collection: their queries live here.

Everyone has their own; those of others are not there for them. A superuser sees all.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends
from sqlmodel import bindparam, col, select

from app.auth.backends import CurrentUser
from app.auth.models import User
from app.db.ids import Id
from app.db.session import Repository
from app.items.models import Item

# Statements are made once: building one costs as much as running it.
ONE = select(Item).where(col(Item.id) == bindparam("id"))
FIRST = select(Item).order_by(col(Item.id)).limit(bindparam("limit"))
AFTER = FIRST.where(col(Item.id) > bindparam("after"))
OWN = col(Item.owner_id) == bindparam("owner")
OWN_ONE, OWN_FIRST, OWN_AFTER = ONE.where(OWN), FIRST.where(OWN), AFTER.where(OWN)


class ItemRepository(Repository):
    user: User

    async def get(self, item_id: Id) -> Item | None:
        one, params = (ONE, {}) if self.user.is_superuser else (OWN_ONE, {"owner": self.user.id})
        return (await self.session.exec(one, params={"id": item_id, **params})).one_or_none()

    async def page(self, limit: int, after: Id | None) -> Sequence[Item]:
        """At most `limit` items in the order of their ids, those beyond `after`."""
        params: dict[str, Any] = {"limit": limit}
        first, further = FIRST, AFTER
        if not self.user.is_superuser:
            first, further = OWN_FIRST, OWN_AFTER
            params["owner"] = self.user.id
        if after is None:
            return (await self.session.exec(first, params=params)).all()
        return (await self.session.exec(further, params=params | {"after": after})).all()

    async def add(self, item: Item) -> Item:
        item.owner_id = self.user.id
        self.session.add(item)
        await self.session.flush()
        return item

    async def save(self, item: Item) -> Item:
        await self.session.flush()
        return item

    async def remove(self, item: Item) -> None:
        await self.session.delete(item)
        await self.session.flush()


async def items_of(
    user: CurrentUser, items: Annotated[ItemRepository, Depends(ItemRepository.provide)]
) -> ItemRepository:
    items.user = user
    return items


Items = Annotated[ItemRepository, Depends(items_of)]
