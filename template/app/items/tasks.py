"""Tasks about items."""

import structlog

from app.db.database import Database
from app.db.ids import Id
from app.items.models import Item
from app.jobs.task import task

log = structlog.get_logger()


@task
async def announce(db: Database, item_id: Id) -> None:
    """Announce an item, for example to another service. It may be deleted by now."""
    async with db.unit(read_only=True) as session:
        if (item := await session.get(Item, item_id)) is not None:
            log.info("item announced", item=str(item.id), at=item.updated_at.isoformat())
