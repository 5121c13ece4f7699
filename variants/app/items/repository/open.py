"""Queries for items."""

from sqlmodel import select

from app.db.ids import Id
from app.db.session import Repository
from app.errors import NotFound
from app.http.pages import Page, paginate
from app.items.models import Item
from app.items.schemas import ItemCreate, ItemUpdate


class ItemRepository(Repository):
    async def get(self, item_id: Id) -> Item:
        """Raises NotFound."""
        if (item := await self.session.get(Item, item_id)) is None:
            raise NotFound(f"There is no item {item_id}.")
        return item

    async def page(self, limit: int, after: Id | None) -> Page[Item]:
        return await paginate(self.session, select(Item), limit, after)

    async def create(self, new: ItemCreate) -> Item:
        item = Item(**new.model_dump())
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
