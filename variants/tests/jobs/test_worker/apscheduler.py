"""The worker runs jobs until it is stopped."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from app.db.database import Database
from app.jobs import worker as module
from app.jobs.worker import CONCURRENCY, Worker, work
from app.settings import Settings
from tests.conftest import settings_for
from tests.jobs import tasks
from tests.jobs.conftest import add, rows
from tests.jobs.tasks import done, note


async def wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  nothing tells that a job is done
            await asyncio.sleep(0.01)


async def test_worker_runs_jobs_until_it_is_stopped(db: Database, settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in range(2 * CONCURRENCY):
        await add(db, note, str(number))
    process = asyncio.create_task(work(settings, stopped))
    await wait_for(lambda: len(done) == 2 * CONCURRENCY)
    await add(db, note, "later")
    await wait_for(lambda: "later" in done)
    stopped.set()
    await process
    assert await rows(db) == []


async def test_stopped_worker_waits_for_running_jobs(db: Database, settings: Settings) -> None:
    stopped = asyncio.Event()
    await add(db, tasks.never_ends)
    worker = Worker(db, db, settings_for(settings.database_url, job_timeout=0.5))
    process = asyncio.create_task(worker.run_jobs(stopped))
    await wait_for(lambda: bool(worker.running))
    stopped.set()
    await process
    assert [job.error for job in await rows(db)] == ["TimeoutError()"]


async def test_worker_goes_on_after_errors(
    db: Database, settings: Settings, make_database_fail: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL", 0)
    stopped = asyncio.Event()
    with capture_logs() as logs:
        process = asyncio.create_task(Worker(db, db, settings).run_jobs(stopped))
        await wait_for(lambda: len(logs) == 2)
        stopped.set()
        await process
    assert [log["event"] for log in logs] == ["jobs are not run", "jobs are run again"]
