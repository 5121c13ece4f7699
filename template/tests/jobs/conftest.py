"""Fixtures for jobs: the rows of the table, and settings with two attempts."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlmodel import col, select, update

from app.db.database import Database
from app.jobs import scheduler
from app.jobs.due import run_due_jobs
from app.jobs.models import AT_ONCE, Job
from app.jobs.queue import Jobs
from app.jobs.task import P, Task
from app.settings import Settings
from tests.conftest import settings_for
from tests.jobs.tasks import done, errors


@pytest.fixture(autouse=True)
def cleared() -> None:
    done.clear()
    errors.clear()


@pytest.fixture
def two_attempts(settings: Settings) -> Settings:
    return settings_for(settings.database_url, job_attempts=2)


@pytest.fixture
def run_due(db: Database, two_attempts: Settings) -> Callable[[], Awaitable[None]]:
    """Runs all jobs, also those that wait for another attempt."""

    async def run() -> None:
        async with db.unit() as session:
            waiting = col(Job.due_at).is_not(None)
            await session.exec(update(Job).where(waiting).values(due_at=AT_ONCE))
        await run_due_jobs(db, two_attempts)

    return run


@pytest.fixture
def make_database_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the next unit of work fail, as without the database."""
    unit = Database.unit

    def fail(*_: Any, **__: Any) -> AbstractAsyncContextManager[Any]:
        monkeypatch.setattr(Database, "unit", unit)
        raise ConnectionError("away")

    monkeypatch.setattr(Database, "unit", fail)
    monkeypatch.setattr(scheduler, "PAUSE", 0)


async def add(db: Database, task: Task[P], *args: P.args, **kwargs: P.kwargs) -> None:
    async with db.unit() as session:
        await Jobs.from_session(session).add(task, *args, **kwargs)


async def rows(db: Database) -> list[Job]:
    async with db.unit(read_only=True) as session:
        return list((await session.exec(select(Job))).all())
