"""Each job that is due is claimed once."""

import asyncio
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from app.db.database import Database
from app.jobs.due import claim, run_due_jobs
from app.settings import Settings
from tests.jobs.conftest import add, rows
from tests.jobs.tasks import done, note


async def test_each_job_is_claimed_once(db: Database, settings: Settings) -> None:
    for number in range(20):
        await add(db, note, str(number))
    claims = await asyncio.gather(*(claim(db, settings, limit=5) for _ in range(4)))
    claims.append(await claim(db, settings))  # those that a concurrent claim has skipped
    claimed = [job.id for jobs in claims for job in jobs]
    assert len(claimed) == len(set(claimed)) == 20


async def test_concurrent_runs(db: Database, settings: Settings) -> None:
    for number in range(20):
        await add(db, note, str(number))
    await asyncio.gather(*(run_due_jobs(db, settings) for _ in range(4)))
    assert sorted(done, key=int) == [str(number) for number in range(20)]
    assert await rows(db) == []


async def test_clock_is_set_back(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead:
        now = staticmethod(lambda tz: datetime.now(tz) + timedelta(days=1))

    with monkeypatch.context() as patch:
        patch.setattr("app.db.models.datetime", Ahead)
        await add(db, note, "at once")
    await run_due_jobs(db, settings)
    assert done == ["at once"]


async def test_database_fails(db: Database, settings: Settings, make_database_fail: None) -> None:
    with capture_logs() as logs:
        await run_due_jobs(db, settings)  # an error would skip the other background tasks
    assert [log["event"] for log in logs] == ["jobs are not run"]
