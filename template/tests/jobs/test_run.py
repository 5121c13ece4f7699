"""A job is retried until it is done, and kept if it fails for good."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.db.database import Database, TransactionConflict
from app.db.ids import HasId
from app.db.models import now
from app.jobs.due import run_due_jobs
from app.jobs.models import Job
from app.jobs.run import run
from app.jobs.task import registered
from app.settings import Settings
from tests.conftest import settings_for
from tests.jobs import tasks
from tests.jobs.conftest import add, rows
from tests.jobs.tasks import done, errors, note

Run = Callable[[], Awaitable[None]]


async def test_arguments_keep_their_types(db: Database, run_due: Run) -> None:
    own_id: Any = HasId().id or 7
    at = datetime(2026, 1, 2, tzinfo=UTC)
    await add(db, tasks.note_types, own_id, Decimal("1.50"), at=at)
    await run_due()
    assert done == [own_id, Decimal("1.50"), at]


async def test_invalid_argument(db: Database, run_due: Run) -> None:
    await add(db, note, 1)  # type: ignore[arg-type]  # ty: ignore[invalid-argument-type]
    await run_due()
    [job] = await rows(db)
    assert "Input should be a valid string" in (job.error or "")


async def test_task_can_add_a_job(db: Database, run_due: Run) -> None:
    await add(db, tasks.add_another)
    await run_due()
    assert (done, await rows(db)) == (["another"], [])


async def test_failed_job_is_retried_later(db: Database, run_due: Run) -> None:
    errors.append(ZeroDivisionError("\0"))
    await add(db, note, "retried")
    await run_due()
    [job] = await rows(db)
    assert job.due_at is not None
    assert job.due_at > now()
    assert (job.attempts, job.error, done) == (1, r"ZeroDivisionError('\x00')", [])
    await run_due()
    assert (done, await rows(db)) == (["retried"], [])


async def test_job_is_kept_after_the_last_attempt(db: Database, run_due: Run) -> None:
    errors.extend([ZeroDivisionError()] * 3)
    await add(db, note, "failed")
    await run_due()
    await run_due()
    [job] = await rows(db)
    assert (job.attempts, job.due_at, len(errors)) == (2, None, 1)
    await run_due()
    assert len(errors) == 1


async def test_conflict_is_retried_at_once(db: Database, run_due: Run) -> None:
    errors.extend([TransactionConflict()] * 3)
    await add(db, note, "retried")
    await run_due()
    assert (done, await rows(db)) == (["retried"], [])


async def test_job_is_cancelled_after_its_timeout(db: Database, settings: Settings) -> None:
    await add(db, tasks.never_ends)
    await run_due_jobs(db, settings_for(settings.database_url, job_timeout=0.01))
    [job] = await rows(db)
    assert job.error == "TimeoutError()"


async def test_job_whose_workers_died(db: Database, run_due: Run) -> None:
    async with db.unit() as session:
        session.add(Job(task=note.name, arguments=note.dump("killer"), attempts=2))
    await run_due()
    [job] = await rows(db)
    assert (job.due_at, job.error, done) == (None, "The workers died.", [])


async def test_renamed_task(db: Database, run_due: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    await add(db, note, "old")
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.delitem(registered, note.name)
        await run_due()
    [job] = await rows(db)
    assert job.error == f"KeyError({note.name!r})"
    assert [log["event"] for log in logs] == ["job will be retried"]
    await run_due()
    assert done == ["old"]


async def test_message_that_arrives_twice(db: Database, settings: Settings) -> None:
    await add(db, note, "one")
    [job] = await rows(db)
    await asyncio.gather(*(run(db, settings, job.id, 0) for _ in range(3)))
    assert done == ["one"]


async def test_once(db: Database, settings: Settings) -> None:
    """A job that fails after its effects has no effect in another attempt."""
    await add(db, tasks.note_once, error=True)
    [job] = await rows(db)
    await run(db, settings, job.id, 0)
    assert (done, await rows(db)) == (["once"], [])


async def test_once_in_a_job_that_lost_its_lease(db: Database, settings: Settings) -> None:
    await add(db, tasks.start_another_attempt)
    [job] = await rows(db)
    await run(db, settings, job.id, 0)
    assert (done, len(await rows(db))) == ([], 1)


async def test_direct_call(db: Database) -> None:
    await note(db, "direct")
    await tasks.note_once(db)
    assert done == ["direct", "once"]
