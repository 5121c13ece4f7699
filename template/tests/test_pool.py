import asyncio
from collections.abc import AsyncGenerator, Iterable

import pytest
from sqlalchemy import QueuePool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.db.engine import create_writer
from app.settings import Settings
from tests.database import AWAY


@pytest.fixture
async def engine(anyio_backend: str, settings: Settings) -> AsyncGenerator[AsyncEngine]:
    engine = create_writer(settings)
    yield engine
    await engine.dispose()


async def take_all(engine: AsyncEngine) -> list[AsyncConnection]:
    assert isinstance(engine.pool, QueuePool)
    return [await engine.connect() for _ in range(engine.pool.size())]


async def give_back(connections: Iterable[AsyncConnection]) -> None:
    for connection in connections:
        await connection.close()


async def test_who_comes_first_is_served_first(engine: AsyncEngine) -> None:
    served: list[int] = []

    async def take(number: int) -> None:
        async with engine.connect():
            served.append(number)

    taken = await take_all(engine)
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(take(number))
        await asyncio.sleep(0)  # they are waiting
        await taken.pop().close()
        await take(3)
    assert served == [0, 1, 2, 3]
    await give_back(taken)


async def test_who_gives_up_leaves_the_turn_to_others(engine: AsyncEngine) -> None:
    taken = await take_all(engine)
    waiting = asyncio.create_task(take_all(engine))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await give_back(taken)
    await give_back(await take_all(engine))


async def test_a_connection_that_cannot_be_made_takes_no_turn(settings: Settings) -> None:
    engine = create_writer(settings.model_copy(update={"database_url": AWAY}))
    for _ in range(20):  # more than there are
        with pytest.raises(DBAPIError):
            await engine.connect()
    await engine.dispose()
