"""Jobs at set times: what the scheduler of taskiq calls, and when."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs
from taskiq.cli.scheduler.run import is_cron_task_now
from taskiq.scheduler.scheduled_task import ScheduledTask

from app.db.database import Database
from app.jobs.schedules import scheduler
from tests.jobs.conftest import rows

PURGED = "http.purge_idempotency_keys"
NIGHT = datetime(2026, 1, 2, 3)


@pytest.fixture
async def schedule(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[ScheduledTask]:
    monkeypatch.setattr(scheduler, "db", db, raising=False)
    [source] = scheduler.sources
    await source.startup()
    [schedule] = await source.get_schedules()
    yield schedule


async def test_job_is_added_at_its_time(db: Database, schedule: ScheduledTask) -> None:
    assert is_cron_task_now(schedule.cron or "", NIGHT)
    await scheduler.on_ready(scheduler.sources[0], schedule)
    assert PURGED in [job.task for job in await rows(db)]


async def test_missed_time_is_skipped(schedule: ScheduledTask) -> None:
    """A scheduler that starts too late waits for the next time."""
    late = [NIGHT + timedelta(minutes=minutes) for minutes in range(-60, 60) if minutes]
    assert not any(is_cron_task_now(schedule.cron or "", time) for time in late)


async def test_job_is_added_when_the_database_is_back(
    db: Database, schedule: ScheduledTask, make_database_fail: None
) -> None:
    with capture_logs() as logs:
        await scheduler.on_ready(scheduler.sources[0], schedule)
    warning, *added = [log["event"] for log in logs if "scheduled" in log["event"]]
    assert (warning, set(added)) == ("scheduled job is not added", {"scheduled job added"})
    assert [job.task for job in await rows(db)].count(PURGED) == 1
