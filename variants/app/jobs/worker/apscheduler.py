"""The worker: a process that runs jobs from the table, and adds jobs at set times."""

import asyncio
from collections.abc import Sequence

import structlog

from app.db.database import Database
from app.db.session import connect
from app.jobs.due import claim
from app.jobs.models import Job
from app.jobs.run import run
from app.jobs.scheduler import create_scheduler
from app.jobs.schedules import add_schedules
from app.jobs.settings import JobSettings
from app.settings import Settings

CONCURRENCY = 10  # jobs at the same time
POLL = 0.5  # seconds

log = structlog.get_logger()


async def work(settings: Settings, stopped: asyncio.Event, schedules: bool = True) -> None:
    """Work until `stopped` is set, then wait for the running jobs."""
    # With REPEATABLE READ, MySQL would block requests that add jobs. SQLite has no such setting.
    level = {"database_isolation_level": "READ COMMITTED"}
    claims = Database().connect(settings.model_copy(update=level))
    async with connect(settings) as db, claims as db_of_claims:
        scheduler = create_scheduler()
        if schedules:
            add_schedules(scheduler, db)
        scheduler.start()
        await Worker(db, db_of_claims, settings).run_jobs(stopped)
        scheduler.shutdown()


class Worker:
    def __init__(self, db: Database, claims: Database, settings: JobSettings) -> None:
        self.db, self.claims, self.settings = db, claims, settings
        self.running: set[asyncio.Task[None]] = set()
        self.failing = False

    async def run_jobs(self, stopped: asyncio.Event) -> None:
        stop = asyncio.create_task(stopped.wait())
        while not stopped.is_set():
            for job in await self.claim(CONCURRENCY - len(self.running)):
                task = asyncio.create_task(self.run(job))
                self.running.add(task)
                task.add_done_callback(self.running.discard)
            waiting = {stop, *self.running}
            await asyncio.wait(waiting, timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*self.running)

    async def claim(self, limit: int) -> Sequence[Job]:
        try:
            jobs = await claim(self.claims, self.settings, limit) if limit else []
        except Exception as error:  # noqa: BLE001  the worker tries again after any error
            if not self.failing:
                log.warning("jobs are not run", error=ascii(error))
            self.failing = True
            return []
        if self.failing:
            log.info("jobs are run again")
        self.failing = False
        return jobs

    async def run(self, job: Job) -> None:
        try:
            await run(self.db, self.settings, job.id, job.attempts)
        except Exception as error:  # noqa: BLE001  the worker tries again after any error
            log.warning("job will be run again", job=str(job.id), error=ascii(error))
