"""Adds jobs: `await jobs.add(task, ...)`, in a route with `jobs: JobsDep`."""

from typing import Annotated

import structlog
from fastapi import BackgroundTasks, Depends, Request
from structlog.contextvars import get_contextvars

from app.db.database import Database
from app.db.session import Repository
from app.jobs.due import run_due_jobs
from app.jobs.models import Job
from app.jobs.settings import JobSettings
from app.jobs.task import P, Task

PAUSE = 10  # seconds after which the scheduler tries again to add a job

log = structlog.get_logger()


class Jobs(Repository):
    async def add(self, task: Task[P], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run a task after the commit of this unit of work. After a rollback, it does not run."""
        arguments = task.dump(*args, **kwargs)
        request_id = get_contextvars().get("request_id")
        # Without a flush: the COMMIT inserts all jobs of a request in one statement.
        self.session.add(Job(task=task.name, arguments=arguments, request_id=request_id))


async def get_jobs(
    jobs: Annotated[Jobs, Depends(Jobs.provide)], request: Request, background: BackgroundTasks
) -> Jobs:
    settings: JobSettings = request.state.settings
    if not settings.has_worker:
        background.add_task(run_due_jobs, request.state.db, settings)
    return jobs


JobsDep = Annotated[Jobs, Depends(get_jobs)]


async def add_scheduled(db: Database, task: Task[P], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Add a job at its time. Return False if the database is unavailable, to try again."""
    try:
        async with db.unit() as session:
            await Jobs.from_session(session).add(task, *args, **kwargs)
    except Exception as error:  # noqa: BLE001  the database may raise any error
        log.warning("scheduled job is not added", task=task.name, error=ascii(error))
        return False
    log.info("scheduled job added", task=task.name)
    return True
