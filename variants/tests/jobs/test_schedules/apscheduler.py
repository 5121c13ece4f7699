"""Jobs at set times: what the scheduler of the worker calls, and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.db.database import Database
from app.jobs.scheduler import create_scheduler
from app.jobs.schedules import add_schedules
from tests.jobs.conftest import rows

NIGHT = datetime(2026, 1, 2, 3, tzinfo=UTC)
PURGED = "http.purge_idempotency_keys"


@pytest.fixture
def schedule(db: Database) -> Any:
    scheduler = create_scheduler()
    add_schedules(scheduler, db)
    return next(job for job in scheduler.get_jobs() if job.args[1].name == PURGED)


async def test_job_is_added_at_its_time(db: Database, schedule: Any) -> None:
    assert schedule.trigger.get_next_fire_time(None, NIGHT) == NIGHT
    await schedule.func(*schedule.args)
    assert [job.task for job in await rows(db)] == [PURGED]


async def test_missed_time_is_skipped(schedule: Any) -> None:
    """A worker that starts too late waits for the next time."""
    late = NIGHT + timedelta(seconds=1)
    assert schedule.trigger.get_next_fire_time(None, late) == NIGHT + timedelta(days=1)


async def test_job_is_added_when_the_database_is_back(
    db: Database, schedule: Any, make_database_fail: None
) -> None:
    with capture_logs() as logs:
        await schedule.func(*schedule.args)
    events = [log["event"] for log in logs]
    assert events == ["scheduled job is not added", "scheduled job added"]
    assert [job.task for job in await rows(db)] == [PURGED]
