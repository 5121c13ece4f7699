"""Liveness: the process answers. Readiness: the database answers and has the current schema."""

import asyncio
from collections.abc import Iterator

import pytest
from alembic import command
from httpx2 import AsyncClient
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from app.db.database import Database
from app.db.error_codes import is_unavailable
from app.http.health import why_not_ready
from app.settings import Settings
from tests.conftest import alembic_config, settings_for
from tests.database import UNREACHABLE, fresh_database

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


async def test_not_ready_without_schema(unmigrated: Settings) -> None:
    async with Database().connect(unmigrated) as db:
        assert "alembic upgrade head" in str(await why_not_ready(db))


async def test_ready_with_newer_schema(unmigrated: Settings) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(unmigrated), "head")
    async with Database().connect(unmigrated) as db:
        assert await why_not_ready(db) is None
        async with db.unit() as session:
            connection = await session.connection()
            await connection.execute(text("DELETE FROM alembic_version"))
            await connection.execute(text("INSERT INTO alembic_version VALUES ('newer')"))
        assert await why_not_ready(db) is None


async def test_not_ready_with_unreachable_database(unmigrated: Settings) -> None:
    unreachable = unmigrated.model_copy(update={"database_url": UNREACHABLE})
    async with Database().connect(unreachable) as db:
        assert "does not answer" in str(await why_not_ready(db))
        for read_only in (True, False):
            with pytest.raises(DBAPIError) as error:
                async with db.unit(read_only=read_only) as session:
                    await session.connection()
            assert is_unavailable(error.value)
