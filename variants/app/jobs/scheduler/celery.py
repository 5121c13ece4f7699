"""The scheduler of Celery, which adds jobs to the table at set times."""

import asyncio
import time
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler
from celery.signals import setup_logging

from app.db.session import connect
from app.jobs.queue import PAUSE, add_scheduled
from app.jobs.task import find_tasks
from app.logging import configure_logging
from app.settings import read_settings


class JobScheduler(Scheduler):
    """Needs no broker and no file. Celery's own scheduler would drop a job that it cannot add."""

    producer: Any = None

    def setup_schedule(self) -> None:
        self.settings = read_settings()
        if not self.settings.has_worker:
            raise SystemExit("Set BROKER_URL. Without it, no worker runs the jobs.")
        super().setup_schedule()
        for entry in self.schedule.values():
            if entry.task not in find_tasks():
                raise SystemExit(f"The schedule {entry.name!r} has no task {entry.task!r}.")

    def apply_entry(self, entry: ScheduleEntry, producer: Any = None) -> None:
        if not asyncio.run(self.add_job(entry)):
            time.sleep(PAUSE)
            self.schedule[entry.name or ""] = entry  # its last run is unchanged: it is still due
            self.populate_heap()

    async def add_job(self, entry: ScheduleEntry) -> bool:
        task = find_tasks()[entry.task or ""]
        async with connect(self.settings) as db:
            return await add_scheduled(db, task, *(entry.args or ()), **(entry.kwargs or {}))


def create_scheduler() -> Celery:
    celery = Celery("schedules", set_as_current=False)
    celery.conf.update(
        beat_scheduler=JobScheduler,
        result_expires=None,  # Celery would add a schedule that deletes results
        worker_redirect_stdouts=False,
    )
    return celery


@setup_logging.connect
def configure(**_: Any) -> None:
    configure_logging(read_settings())
