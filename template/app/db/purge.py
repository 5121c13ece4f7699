"""Deletes expired rows in small transactions, so that requests do not wait for them."""

from typing import Any

from sqlmodel import SQLModel, delete, inspect, select

from app.db.database import Database
from app.db.models import now

BATCH = 1000


async def delete_expired(db: Database, table: type[SQLModel]) -> int:
    """Delete the rows whose `expires_at` has passed, and return their number."""
    (key,) = inspect(table).primary_key
    expires_at: Any = inspect(table).columns["expires_at"]
    expired = expires_at <= now()
    batch = select(key).where(expired).order_by(expires_at).limit(BATCH)
    deleted = 0
    while True:
        async with db.unit() as session:
            keys = (await session.exec(batch)).all()
            # A row may have been renewed since it was selected.
            rows = delete(table).where(key.in_(keys), expired)
            deleted += (await session.exec(rows)).rowcount if keys else 0
        if len(keys) < BATCH:
            return deleted
