"""The scheduler of APScheduler, which adds jobs to the table at set times."""

import asyncio
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.db.database import Database
from app.jobs.queue import PAUSE, add_scheduled
from app.jobs.task import P, Task


def create_scheduler() -> AsyncIOScheduler:
    # A job may be late if another one blocks the event loop. By default, one second is too late.
    defaults = {"misfire_grace_time": 3600, "coalesce": True}
    return AsyncIOScheduler(timezone=UTC, job_defaults=defaults)


async def add(db: Database, task: Task[P], *args: P.args, **kwargs: P.kwargs) -> None:
    """Add a job. Without the database, try again until it is added."""
    while True:
        if await add_scheduled(db, task, *args, **kwargs):
            return
        await asyncio.sleep(PAUSE)
