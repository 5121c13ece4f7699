"""`manage jobs`: commands that list jobs and retry them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner

from app.cli import manage
from app.db.database import Database
from app.db.models import now
from app.jobs import commands
from app.jobs.models import Job
from app.settings import Settings
from tests.jobs.conftest import rows
from tests.jobs.tasks import note

Command = Callable[..., str]


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command in a thread, because it starts an event loop. Returns its output."""
    monkeypatch.setattr(commands, "read_settings", lambda: settings)

    def run(*arguments: str) -> str:
        return CliRunner().invoke(manage, ["jobs", *arguments]).output

    return run


@pytest.fixture
async def jobs(db: Database) -> list[Job]:
    waiting = Job(task=note.name, arguments=note.dump("one"), created_at=now() - timedelta(days=1))
    failed = Job(task=note.name, arguments=note.dump("two"), attempts=10, error="E()")
    async with db.unit() as session:
        session.add_all([waiting, failed])
        await session.flush()
        failed.due_at = None
    return [waiting, failed]


async def test_list(command: Command, jobs: list[Job]) -> None:
    first, second = (await asyncio.to_thread(command, "list")).splitlines()
    assert first.startswith(str(jobs[0].id))
    assert first.endswith(f"waits {note.name} 0 attempts")
    assert second.endswith(f"FAILED {note.name} 10 attempts E()")
    assert await asyncio.to_thread(command, "list", "--failed") == second + "\n"


async def test_retry(command: Command, jobs: list[Job], db: Database) -> None:
    waiting = str(jobs[0].id)
    assert await asyncio.to_thread(command, "retry", waiting) == "0 jobs will be retried.\n"
    assert await asyncio.to_thread(command, "retry") == "1 jobs will be retried.\n"
    assert [(job.attempts, job.due_at is None) for job in await rows(db)] == [(0, False)] * 2


async def test_check(command: Command, jobs: list[Job], db: Database) -> None:
    assert "1 jobs wait" in await asyncio.to_thread(command, "check")
    async with db.unit() as session:
        (await session.get_one(Job, jobs[0].id)).attempts = 1  # a worker has it
    assert await asyncio.to_thread(command, "check") == ""
