"""A connection that PostgreSQL has closed is replaced. A statement that waits for it fails."""

import asyncio
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.db import engine as engines
from app.db.database import Database
from app.db.engine import create_writer
from app.settings import Settings
from tests.test_engine import PID, first


@pytest.mark.parametrize("max_idle", [-1, 30])
async def test_connection_that_the_server_closed_is_replaced(
    settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch, max_idle: int
) -> None:
    monkeypatch.setattr(engines, "MAX_IDLE", max_idle)
    engine = create_writer(settings)
    (pid,) = await first(engine, PID)
    assert await first(engine, PID) == [pid]
    await first(db.writer, f"SELECT pg_terminate_backend({pid}, 5000)")
    await asyncio.sleep(0)
    assert await first(engine, PID) != [pid]
    await engine.dispose()


async def test_connection_that_was_closed_unnoticed_is_replaced(
    settings: Settings, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "MAX_IDLE", 0)
    engine = create_writer(settings)
    (pid,) = await first(engine, PID)
    close = first(db.writer, f"SELECT pg_terminate_backend({pid}, 5000) FROM pg_sleep(0.2)")
    closing = asyncio.create_task(close)
    await asyncio.sleep(0.1)
    time.sleep(0.5)  # noqa: ASYNC251  the event loop must not notice the closed connection
    assert await first(engine, PID) != [pid]
    await closing
    await engine.dispose()


async def test_lost_connection_ends_a_large_batch(settings: Settings, db: Database) -> None:
    engine = create_writer(settings)
    rows = [{"value": "x" * 10_000}] * 2_000  # more than the buffers of the connection hold
    async with engine.connect() as connection:
        pid = (await connection.exec_driver_sql(PID)).scalar()
        statement = text("SELECT pg_sleep(30), CAST(:value AS text)")
        batch = asyncio.create_task(connection.execute(statement, rows))
        await asyncio.sleep(0.2)
        await first(db.writer, f"SELECT pg_terminate_backend({pid}, 5000)")
        await asyncio.wait([batch], timeout=5)
        assert batch.done() and isinstance(batch.exception(), DBAPIError)
    await engine.dispose()
