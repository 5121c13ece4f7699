"""Tasks for users."""

from app.auth.models import UserSession
from app.db.database import Database
from app.db.purge import delete_expired
from app.jobs.task import task


@task
async def purge_sessions(db: Database) -> None:
    """Delete expired sessions."""
    await delete_expired(db, UserSession)
