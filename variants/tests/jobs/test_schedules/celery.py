"""Jobs at set times: what Celery's scheduler adds, and when."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from app.db.database import Database
from app.jobs import scheduler as module
from app.jobs.scheduler import JobScheduler
from app.jobs.schedules import celery
from app.settings import Settings
from tests.conftest import settings_for
from tests.jobs.conftest import rows

TASKS = sorted(schedule["task"] for schedule in celery.conf.beat_schedule.values())
Tick = Callable[[int, int], None]


@pytest.fixture
def tick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Tick:
    """Does what the scheduler does at a time of the night. It starts at the first time."""
    with_broker = settings_for(settings.database_url, broker_url="redis://broker")
    monkeypatch.setattr(module, "read_settings", lambda: with_broker)
    started: list[JobScheduler] = []

    def tick(hour: int, minute: int) -> None:
        monkeypatch.setattr(celery, "now", lambda: datetime(2026, 1, 2, hour, minute, tzinfo=UTC))
        if not started:
            started.append(JobScheduler(celery))
        for _ in range(len(TASKS) + 1):  # one of them each time
            started[0].tick()

    return tick


async def test_job_is_added_at_its_time(db: Database, tick: Tick) -> None:
    await asyncio.to_thread(tick, 2, 59)
    assert await rows(db) == []
    for minute in range(3):
        await asyncio.to_thread(tick, 3, minute)
    assert sorted(job.task for job in await rows(db)) == TASKS


async def test_missed_time_is_skipped(db: Database, tick: Tick) -> None:
    """A scheduler that starts too late waits for the next time."""
    await asyncio.to_thread(tick, 3, 1)
    await asyncio.to_thread(tick, 3, 2)
    assert await rows(db) == []


async def test_job_is_added_when_the_database_is_back(
    db: Database, tick: Tick, make_database_fail: None
) -> None:
    with capture_logs() as logs:
        await asyncio.to_thread(tick, 2, 59)
        await asyncio.to_thread(tick, 3, 0)
        await asyncio.to_thread(tick, 3, 1)
    assert logs[0]["event"] == "scheduled job is not added"
    assert sorted(job.task for job in await rows(db)) == TASKS


def test_schedule_of_an_unknown_task(tick: Tick, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {"task": "http.prugue", "schedule": 60}
    monkeypatch.setitem(celery.conf.beat_schedule, "a typo", wrong)
    with pytest.raises(SystemExit, match=r"'a typo' has no task 'http\.prugue'"):
        tick(3, 0)
