"""Runs jobs, in a worker or in the service."""

import asyncio
import random
from contextvars import ContextVar
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import and_, col, delete, update
from sqlmodel.ext.asyncio.session import AsyncSession
from structlog.contextvars import bound_contextvars

from app.db.database import Database, TransactionConflict
from app.db.models import now
from app.jobs.models import Job
from app.jobs.settings import JobSettings
from app.jobs.task import find_tasks

CONFLICTS = 10  # attempts after transaction conflicts, as for a request
MAX_DELAY = timedelta(hours=1)

log = structlog.get_logger()
running: ContextVar[Job | None] = ContextVar("job", default=None)


async def run(db: Database, settings: JobSettings, job_id: UUID, attempts: int) -> None:
    """Run a job, unless another worker has started this attempt already."""
    if (job := await start(db, settings, job_id, attempts)) is None:
        return
    outer = running.set(job)
    with bound_contextvars(job=str(job.id), task=job.task, request_id=job.request_id):
        try:
            async with asyncio.timeout(settings.job_timeout):
                await retry_conflicts(db, job)
        except Exception as error:
            last = job.attempts >= settings.job_attempts
            delay = min(timedelta(seconds=2**job.attempts * random.uniform(0.5, 1)), MAX_DELAY)
            change = {"due_at": None if last else now() + delay, "error": ascii(error)[:1000]}
            async with db.unit() as session:
                await session.exec(update(Job).where(is_attempt(job)).values(change))
            log.exception("job failed" if last else "job will be retried", attempt=job.attempts)
        else:
            async with db.unit() as session:
                await session.exec(delete(Job).where(is_attempt(job)))
            log.info("job done", attempt=job.attempts)
        finally:
            running.reset(outer)


async def start(db: Database, settings: JobSettings, job_id: UUID, attempts: int) -> Job | None:
    """Count the attempt. Return None if it is not the next one, or if there were too many."""
    async with db.unit() as session:
        job = await session.get(Job, job_id, with_for_update=True)
        if job is None or job.due_at is None or job.attempts != attempts:
            return None
        if job.attempts >= settings.job_attempts:
            job.due_at, job.error = None, job.error or "The workers died."
            log.error("job failed", job=str(job.id), task=job.task, error=job.error)
            return None
        job.attempts += 1
        job.due_at = now() + settings.job_lease
    return job


async def retry_conflicts(db: Database, job: Job) -> None:
    for conflicts in range(CONFLICTS):
        try:
            await find_tasks()[job.task].load_and_run(db, job.arguments)
            return
        except TransactionConflict:
            await asyncio.sleep(random.uniform(0, 0.01 * 2**conflicts))
    raise TransactionConflict


def is_attempt(job: Job) -> ColumnElement[bool]:
    """False for the row if another worker has started the next attempt."""
    return and_(col(Job.id) == job.id, col(Job.attempts) == job.attempts)


async def once(session: AsyncSession) -> bool:
    """Return False if the job is already done. Call this in the unit of work with the effects.

    A job may run twice, for example if a worker dies before it reports that the job is done. This
    deletes the job in the same transaction.
    """
    if (job := running.get()) is None:  # the task was called directly
        return True
    return (await session.exec(delete(Job).where(is_attempt(job)))).rowcount == 1
