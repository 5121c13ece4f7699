"""The age of the oldest job is a metric."""

import asyncio
from unittest.mock import Mock

import pytest

from app.db.database import Database
from app.jobs import metrics
from tests.jobs.conftest import add
from tests.jobs.tasks import note


async def test_age_of_the_oldest_job(
    db: Database, monkeypatch: pytest.MonkeyPatch, make_database_fail: None
) -> None:
    measured: asyncio.Queue[float] = asyncio.Queue()
    monkeypatch.setattr(metrics, "INTERVAL", 0)
    monkeypatch.setattr(metrics, "oldest_age", Mock(set=measured.put_nowait))
    task = asyncio.create_task(metrics.measure(db))  # the database fails once
    async with asyncio.timeout(10):
        assert await measured.get() == 0
        await add(db, note, "waits")
        while await measured.get() == 0:
            pass
    task.cancel()
