"""Liveness says that the process answers; readiness, that the database does, with its schema."""

import asyncio
from collections.abc import Iterator

import pytest
from alembic import command
from httpx2 import AsyncClient
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from app.db.codes import is_unavailable
from app.db.database import Database
from app.health import find_fault
from app.settings import Settings
from tests.conftest import alembic_config, settings_for
from tests.database import AWAY, fresh_database

OK = (200, {"status": "ok"})


async def test_live(client: AsyncClient) -> None:
    response = await client.get("/health/live")
    assert (response.status_code, response.json()) == OK


async def test_ready(client: AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert (response.status_code, response.json()) == OK


@pytest.fixture
def unmigrated(server: URL) -> Iterator[Settings]:
    with fresh_database(server) as url:
        yield settings_for(url)


async def test_not_ready_without_the_schema(unmigrated: Settings) -> None:
    async with Database().connect(unmigrated) as db:
        assert "alembic upgrade head" in str(await find_fault(db))


async def test_ready_with_the_schema_of_newer_code(unmigrated: Settings) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(unmigrated), "head")
    async with Database().connect(unmigrated) as db:
        assert await find_fault(db) is None
        async with db.unit() as session:
            connection = await session.connection()
            await connection.execute(text("UPDATE alembic_version SET version_num = 'newer'"))
        assert await find_fault(db) is None


async def test_not_ready_without_the_database(unmigrated: Settings) -> None:
    away = unmigrated.model_copy(update={"database_url": AWAY})
    async with Database().connect(away) as db:
        assert "does not answer" in str(await find_fault(db))
        for read_only in (True, False):
            with pytest.raises(DBAPIError) as error:
                async with db.unit(read_only=read_only) as session:
                    await session.connection()
            assert is_unavailable(error.value)
