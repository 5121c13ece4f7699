"""A process of a worker runs jobs in its own event loop."""

import asyncio
from importlib import import_module
from typing import Any

import pytest

from app import settings as settings_module
from app.db.database import Database
from app.settings import Settings
from tests.conftest import settings_for
from tests.jobs.conftest import add, rows
from tests.jobs.tasks import done, note


async def test_worker_runs_the_body_of_a_task(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_broker = settings_for(settings.database_url, broker_url="redis://broker")
    monkeypatch.setattr(settings_module, "read_settings", lambda: with_broker)
    worker: Any = import_module("app.jobs.worker")
    await add(db, note, "one")
    await add(db, note, "two")

    def process(jobs: list[str]) -> list[str]:
        worker.start()
        states = [worker.celery.tasks[note.name].apply((job, 0)).state for job in jobs]
        worker.stop()
        return states

    jobs = [str(job.id) for job in await rows(db)]
    assert await asyncio.to_thread(process, jobs) == ["SUCCESS", "SUCCESS"]
    assert (sorted(done), await rows(db)) == (["one", "two"], [])
