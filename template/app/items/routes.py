"""The HTTP side of items."""

from typing import Annotated

import structlog
from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response

from app.db.database import Database, DatabaseDep
from app.db.ids import Id
from app.errors import NotFound, problems
from app.items.models import Item, ItemCreate, ItemPage, ItemRead, ItemUpdate
from app.items.repository import Items

log = structlog.get_logger()
router = APIRouter(prefix="/items", tags=["items"])

Limit = Annotated[int, Query(ge=1, le=100)]


async def existing_item(item_id: Id, items: Items) -> Item:
    if (item := await items.get(item_id)) is None:
        raise NotFound(f"There is no item {item_id}.")
    return item


ExistingItem = Annotated[Item, Depends(existing_item)]


@router.post(
    "",
    status_code=201,
    response_model=ItemRead,
    responses=problems(409)
    | {201: {"headers": {"Location": {"required": True, "schema": {"type": "string"}}}}},
)
async def create_item(new: ItemCreate, items: Items, request: Request, response: Response) -> Item:
    item = await items.add(Item(**new.model_dump()))
    response.headers["Location"] = request.url_for("read_item", item_id=item.id).path
    return item


@router.get("", response_model=ItemPage)
async def list_items(items: Items, limit: Limit = 50, after: Id | None = None) -> object:
    """A page, in the order of ids; it costs the same however far in."""
    found = await items.page(limit + 1, after)  # one more tells whether there is a next page
    page = found[:limit]
    return {"items": page, "next": page[-1].id if len(found) > limit else None}


@router.get("/{item_id}", response_model=ItemRead, responses=problems(404))
async def read_item(item: ExistingItem) -> Item:
    return item


@router.patch("/{item_id}", response_model=ItemRead, responses=problems(404, 409))
async def update_item(
    item: ExistingItem, change: ItemUpdate, items: Items, db: DatabaseDep, tasks: BackgroundTasks
) -> Item:
    item.sqlmodel_update(change.model_dump(exclude_unset=True))
    tasks.add_task(announce, db, item.id)
    return await items.save(item)


@router.delete("/{item_id}", status_code=204, responses=problems(404))
async def delete_item(item: ExistingItem, items: Items) -> None:
    await items.remove(item)


async def announce(db: Database, item_id: Id) -> None:
    """Tell others that an item has changed: an example of work after the response.

    The request's unit of work is over by then, and committed; this one is its own.
    """
    async with db.unit(read_only=True) as session:
        if (item := await session.get(Item, item_id)) is not None:
            log.info("item changed", item=str(item.id), at=item.updated_at.isoformat())
