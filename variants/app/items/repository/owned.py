"""Queries for items. Users see only their own items; superusers see all."""

from typing import Self

from sqlmodel import select
from sqlmodel.sql.expression import SelectOfScalar

from app.auth.models import User
from app.db.ids import Id
from app.db.session import Repository
from app.errors import NotFound
from app.http.pages import Page, paginate
from app.items.models import Item
from app.items.schemas import ItemCreate, ItemUpdate


class ItemRepository(Repository):
    owner: User

    def owned_by(self, owner: User) -> Self:
        self.owner = owner
        return self

    def visible(self) -> SelectOfScalar[Item]:
        items = select(Item)
        return items if self.owner.is_superuser else items.where(Item.owner_id == self.owner.id)

    def can_see(self, item: Item) -> bool:
        return self.owner.is_superuser or item.owner_id == self.owner.id

    async def get(self, item_id: Id) -> Item:
        """Raises NotFound, also for an item of another user."""
        item = await self.session.get(Item, item_id)
        if item is None or not self.can_see(item):
            raise NotFound(f"There is no item {item_id}.")
        return item

    async def page(self, limit: int, after: Id | None) -> Page[Item]:
        return await paginate(self.session, self.visible(), limit, after)

    async def create(self, new: ItemCreate) -> Item:
        item = Item(**new.model_dump(), owner_id=self.owner.id)
        self.session.add(item)
        await self.session.flush()
        return item

    async def update(self, item: Item, change: ItemUpdate) -> Item:
        item.sqlmodel_update(change.model_dump(exclude_unset=True))
        await self.session.flush()
        return item

    async def delete(self, item: Item) -> None:
        await self.session.delete(item)
        await self.session.flush()
