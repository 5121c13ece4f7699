"""The module that a worker imports: `celery --app app.jobs.worker worker`."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from celery.signals import setup_logging, worker_process_init, worker_process_shutdown

from app.db.database import Database
from app.db.session import connect
from app.jobs.broker import create_celery
from app.jobs.run import run
from app.jobs.task import find_tasks
from app.logging import configure_logging
from app.settings import read_settings

settings = read_settings()
if not settings.has_worker:
    raise SystemExit("Set BROKER_URL. Without it, the service runs the jobs itself.")
celery = create_celery(settings)


class Process:
    """Each process of a worker has one event loop and one database."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.db: Database = self.runner.run(self.stack.enter_async_context(connect(settings)))

    def run(self, job_id: str, attempts: int) -> None:
        # Celery itself would not await an async task, and would report its success.
        self.runner.run(run(self.db, settings, UUID(job_id), attempts))

    def close(self) -> None:
        with self.runner:
            self.runner.run(self.stack.aclose())


processes: list[Process] = []  # none in the parent process, which runs no jobs


@setup_logging.connect
def configure(**_: Any) -> None:
    configure_logging(settings)


@worker_process_init.connect
def start(**_: Any) -> None:
    processes.append(Process())


@worker_process_shutdown.connect
def stop(**_: Any) -> None:
    processes.pop().close()


def run_job(job_id: str, attempts: int) -> None:
    processes[0].run(job_id, attempts)


for name in find_tasks():
    celery.task(name=name)(run_job)
