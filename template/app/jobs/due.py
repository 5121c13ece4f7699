"""Jobs that are due. Each is claimed by one process, which sends or runs it."""

from collections.abc import Sequence

import structlog
from sqlmodel import col, func, select

from app.db.database import Database
from app.db.models import now
from app.jobs.models import Job
from app.jobs.run import run
from app.jobs.settings import JobSettings

BATCH = 100

log = structlog.get_logger()


async def run_due_jobs(db: Database, settings: JobSettings) -> None:
    """Run all jobs that are due in this process, and those that they add.

    An error is only logged, because it would skip the other background tasks of the request.
    """
    try:
        while jobs := await claim(db, settings):
            for job in jobs:
                await run(db, settings, job.id, job.attempts)
    except Exception as error:  # noqa: BLE001  the database may raise any error
        log.warning("jobs are not run", error=ascii(error))


async def claim(db: Database, settings: JobSettings, limit: int = BATCH) -> Sequence[Job]:
    """Claim jobs that are due. Other processes skip them until their lease ends."""
    due = select(Job).where(col(Job.due_at) <= now())
    async with db.unit(read_only=True) as session:  # takes no lock if there is nothing to do
        if (await session.exec(due.limit(1))).first() is None:
            return []
    due = due.order_by(col(Job.due_at), col(Job.created_at)).limit(limit)
    async with db.unit() as session:
        jobs = (await session.exec(due.with_for_update(skip_locked=True))).all()
        until = now() + settings.job_lease
        for job in jobs:
            job.due_at = until
    return jobs


async def age_of_oldest(db: Database) -> float | None:
    """Return the age of the oldest job in seconds, 0 without jobs, or None without the database."""
    oldest = select(func.min(Job.created_at)).where(col(Job.due_at).is_not(None))
    try:
        async with db.unit(read_only=True) as session:
            created_at = (await session.exec(oldest)).one()
    except Exception:  # noqa: BLE001  the caller logs its own error
        return None
    return (now() - created_at).total_seconds() if created_at else 0
