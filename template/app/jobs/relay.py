"""Sends jobs that are due to the workers. Several relays can run at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress

import structlog
from sqlmodel import col, update

from app.db.database import Database
from app.jobs.due import age_of_oldest, claim
from app.jobs.models import AT_ONCE, Job
from app.jobs.run import run
from app.jobs.settings import JobSettings
from app.jobs.task import find_tasks

POLL = 0.5  # seconds
PAUSE = 2  # seconds after an error
SEND_TIMEOUT = 10  # seconds for a batch

log = structlog.get_logger()
Send = Callable[[Job], Awaitable[None]]


async def relay(
    db: Database,
    settings: JobSettings,
    connect: Callable[[JobSettings], AbstractAsyncContextManager[Send]],
    stopped: asyncio.Event,
) -> None:
    """Send jobs until `stopped` is set. Without the broker or the database, try again."""
    failing = False
    while not stopped.is_set():
        try:
            async with connect(settings) as send:
                while not stopped.is_set():
                    sent = await send_due_jobs(db, settings, send)
                    if failing:
                        failing = False
                        log.info("jobs are sent again")
                    await wait(stopped, 0 if sent else POLL)
        except Exception as error:  # noqa: BLE001  broker and database may raise any error
            if not failing:
                failing, age = True, await age_of_oldest(db)
                log.warning("jobs are not sent", error=ascii(error), oldest_seconds=age)
            await wait(stopped, PAUSE)


async def wait(stopped: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), seconds)


async def send_due_jobs(db: Database, settings: JobSettings, send: Send) -> int:
    """Send a batch. Return the number of jobs."""
    waiting = list(await claim(db, settings))
    count = len(waiting)
    try:
        async with asyncio.timeout(SEND_TIMEOUT):
            while waiting:
                job = waiting[0]
                if job.task in find_tasks():
                    await send(job)
                else:  # an unknown task: the job fails here, with its name in the log
                    await run(db, settings, job.id, job.attempts)
                del waiting[0]
    finally:
        if waiting:
            await release(db, waiting)
    return count


async def release(db: Database, jobs: Sequence[Job]) -> None:
    """End the lease of jobs that were not sent."""
    async with db.unit() as session:
        claimed = col(Job.id).in_([job.id for job in jobs]), col(Job.due_at) == jobs[0].due_at
        await session.exec(update(Job).where(*claimed).values(due_at=AT_ONCE))
