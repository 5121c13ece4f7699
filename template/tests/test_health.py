"""Liveness: the process answers. Readiness: the database answers and has the current schema."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from httpx2 import AsyncClient
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from app.api import create_app
from app.db.database import Database, TransactionConflict
from app.db.error_codes import is_unavailable
from app.db.schema_version import known_revisions
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


async def test_not_ready_without_migrations(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "versions"
    monkeypatch.setattr("app.http.health.known_revisions", lambda: known_revisions(folder))
    assert f"{folder} is missing" in str(await why_not_ready(db))


async def test_not_ready_after_a_conflict(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise TransactionConflict

    monkeypatch.setattr("app.http.health.database_revisions", fail)
    assert "does not answer" in str(await why_not_ready(db))


@pytest.fixture
def unmigrated(server: URL) -> Iterator[Settings]:
    with fresh_database(server) as url:
        yield settings_for(url)


async def test_not_ready_without_schema(
    unmigrated: Settings,
    client: AsyncClient,
    state: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Database().connect(unmigrated) as db:
        monkeypatch.setitem(state, "db", db)
        response = await client.get("/health/ready")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.headers["content-type"] == "application/problem+json"
    assert "no revision" in response.json()["detail"]
    assert "alembic upgrade head" in response.json()["detail"]


async def test_warning_at_startup(unmigrated: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.connect", lambda settings: Database().connect(settings))
    app = create_app(unmigrated)
    with capture_logs() as logs:
        async with app.router.lifespan_context(app):
            pass
    assert ["alembic upgrade head" in log["event"] for log in logs] == [True]
    assert logs[0]["log_level"] == "error"


async def test_no_warning_at_startup_with_schema(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.connect", lambda settings: Database().connect(settings))
    app = create_app(settings)
    with capture_logs() as logs:
        async with app.router.lifespan_context(app):
            assert gc.get_freeze_count() > 0
    assert logs == []


async def test_error_at_startup(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = asyncio.Event()

    async def fail(_: Database) -> None:
        failed.set()
        raise RuntimeError("a mistake")

    monkeypatch.setattr("app.api.connect", lambda settings: Database().connect(settings))
    monkeypatch.setattr("app.http.health.why_not_ready", fail)
    app = create_app(settings)
    with capture_logs() as logs:
        async with app.router.lifespan_context(app) as state, asyncio.timeout(10):
            await failed.wait()
            async with (state or {})["db"].unit(read_only=True) as session:  # the service goes on
                await session.connection()
    assert [(log["log_level"], log["exc_info"]) for log in logs] == [("error", True)]


async def test_ready_with_newer_schema(unmigrated: Settings) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(unmigrated), "head")
    async with Database().connect(unmigrated) as db:
        assert await why_not_ready(db) is None
        async with db.unit() as session:
            connection = await session.connection()
            await connection.execute(text("DELETE FROM alembic_version"))
            await connection.execute(text("INSERT INTO alembic_version VALUES ('newer')"))
        assert await why_not_ready(db) is None


async def test_not_ready_with_unreachable_database(settings: Settings) -> None:
    unreachable = settings.model_copy(update={"database_url": UNREACHABLE})
    async with Database().connect(unreachable) as db:
        with capture_logs() as logs:
            assert "does not answer" in str(await why_not_ready(db))
        (log,) = logs
        assert (log["event"], "Error(" in log["reason"]) == ("unavailable", True)
        for read_only in (True, False):
            with pytest.raises(DBAPIError) as error:
                async with db.unit(read_only=read_only) as session:
                    await session.connection()
            assert is_unavailable(error.value)
