"""Tasks for idempotency keys."""

from app.db.database import Database
from app.db.purge import delete_expired
from app.http.models import IdempotencyKey
from app.jobs.task import task


@task
async def purge_idempotency_keys(db: Database) -> None:
    """Delete expired idempotency keys."""
    await delete_expired(db, IdempotencyKey)
