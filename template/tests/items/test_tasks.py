"""Tasks about items."""

from structlog.testing import capture_logs

from app.db.database import Database
from app.items.models import Item
from app.items.tasks import announce


async def test_announce(db: Database) -> None:
    async with db.unit() as session:
        session.add(item := Item(name="new"))
    with capture_logs() as logs:
        await announce(db, item.id)
    assert [(log["event"], log["item"]) for log in logs] == [("item announced", str(item.id))]


async def test_announce_a_deleted_item(db: Database) -> None:
    async with db.unit() as session:
        session.add(item := Item(name="deleted"))
        await session.flush()
        await session.delete(item)
    with capture_logs() as logs:
        await announce(db, item.id)
    assert logs == []
