"""Tasks about items."""

from httpx2 import AsyncClient
from sqlmodel import select
from structlog.testing import capture_logs

from app.db.database import Database
from app.items.models import Item
from app.items.tasks import announce
from tests.items.samples import create_item


async def add(client: AsyncClient, db: Database) -> Item:
    await create_item(client)
    async with db.unit(read_only=True) as session:
        return (await session.exec(select(Item))).one()


async def test_announce(client: AsyncClient, db: Database) -> None:
    item = await add(client, db)
    with capture_logs() as logs:
        await announce(db, item.id)
    found = [(log["event"], log["item"]) for log in logs if "item" in log]
    assert found == [("item announced", str(item.id))]


async def test_announce_a_deleted_item(client: AsyncClient, db: Database) -> None:
    item = await add(client, db)
    await client.delete(f"/items/{item.id}")
    with capture_logs() as logs:
        await announce(db, item.id)
    assert [log for log in logs if "item" in log] == []
