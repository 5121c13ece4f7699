"""The relay sends each job that is due, and goes on after errors."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner
from pydantic import ValidationError
from structlog.testing import capture_logs

from app.cli import manage
from app.db.database import Database
from app.jobs import commands
from app.jobs import relay as module
from app.jobs.models import AT_ONCE, Job
from app.jobs.relay import relay, send_due_jobs
from app.jobs.settings import JobSettings
from app.settings import Settings
from tests.conftest import settings_for
from tests.database import UNREACHABLE
from tests.jobs.conftest import add
from tests.jobs.tasks import note


class Broker:
    """Keeps the jobs that are sent. Fails first, as often as there are errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[Job] = []
        self.stopped = asyncio.Event()

    async def send(self, job: Job) -> None:
        if self.errors:
            raise self.errors.pop()
        self.sent.append(job)
        self.stopped.set()

    @asynccontextmanager
    async def connect(self, _: JobSettings) -> AsyncGenerator[module.Send]:
        yield self.send


async def test_each_job_is_sent_by_one_relay(db: Database, settings: Settings) -> None:
    for number in range(20):
        await add(db, note, str(number))
    broker = Broker()
    sent = await asyncio.gather(*(send_due_jobs(db, settings, broker.send) for _ in range(4)))
    assert sum(sent) == len({job.id for job in broker.sent}) == 20


async def test_job_that_is_not_done_is_sent_again(db: Database, settings: Settings) -> None:
    await add(db, note, "lost")
    broker = Broker()
    assert await send_due_jobs(db, settings, broker.send) == 1
    assert await send_due_jobs(db, settings, broker.send) == 0  # until the lease ends
    async with db.unit() as session:
        (await session.get_one(Job, broker.sent[0].id)).due_at = AT_ONCE
    assert await send_due_jobs(db, settings, broker.send) == 1


async def test_relay_goes_on_after_errors(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0)
    await add(db, note, "late")
    broker = Broker(ConnectionError("away"), ConnectionError("away"))
    with capture_logs() as logs:
        await relay(db, settings, broker.connect, broker.stopped)
    assert [log["event"] for log in logs] == ["jobs are not sent", "jobs are sent again"]
    assert logs[0]["oldest_seconds"] >= 0
    assert [job.task for job in broker.sent] == [note.name]


async def test_relay_needs_a_broker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "read_settings", lambda: settings)
    result = await asyncio.to_thread(CliRunner().invoke, manage, ["jobs", "relay"])
    assert "Set BROKER_URL" in result.output


def test_invalid_broker_url() -> None:
    with pytest.raises(ValidationError, match="it must start with redis://"):
        settings_for(UNREACHABLE, broker_url="http://broker")
