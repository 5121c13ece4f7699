"""The connection pool is first in, first out."""

import asyncio
from collections.abc import AsyncGenerator, Iterable

import pytest
from sqlalchemy import QueuePool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from app.db.engine import create_writer
from app.settings import Settings
from tests.database import UNREACHABLE


@pytest.fixture
async def engine(settings: Settings) -> AsyncGenerator[AsyncEngine]:
    engine = create_writer(settings)
    yield engine
    await engine.dispose()


async def take_all(engine: AsyncEngine) -> list[AsyncConnection]:
    assert isinstance(engine.pool, QueuePool)
    return [await engine.connect() for _ in range(engine.pool.size())]


async def close_all(connections: Iterable[AsyncConnection]) -> None:
    for connection in connections:
        await connection.close()


async def test_first_in_first_out(engine: AsyncEngine) -> None:
    served: list[int] = []

    async def take(number: int) -> None:
        async with engine.connect():
            served.append(number)

    taken = await take_all(engine)
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(take(number))
        await asyncio.sleep(0)  # now they wait
        await taken.pop().close()
        await take(3)
    assert served == [0, 1, 2, 3]
    await close_all(taken)


async def test_cancelled_waiter_leaves_the_queue(engine: AsyncEngine) -> None:
    taken = await take_all(engine)
    waiting = asyncio.create_task(take_all(engine))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await close_all(taken)
    await close_all(await take_all(engine))


async def test_cancelled_connect_does_not_exhaust_pool(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel(_: AsyncAdaptedQueuePool) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(AsyncAdaptedQueuePool, "connect", cancel)
        for _ in range(20):  # more than the size of the pool
            with pytest.raises(asyncio.CancelledError):
                await engine.connect()
    await close_all(await take_all(engine))


async def test_failed_connect_does_not_exhaust_pool(settings: Settings) -> None:
    engine = create_writer(settings.model_copy(update={"database_url": UNREACHABLE}))
    for _ in range(20):  # more than the size of the pool
        with pytest.raises(DBAPIError):
            await engine.connect()
    await engine.dispose()
