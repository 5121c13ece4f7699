"""Reads from a standby, which is the same database here: who uses it, and what if it is away."""

from collections.abc import AsyncGenerator
from time import monotonic
from typing import Any

import pytest
from fastapi import APIRouter
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import event

from app.api import create_app, include_domain
from app.db import standby
from app.db.database import Database
from app.db.session import DatabaseDep
from app.http.standby import needs_primary
from app.settings import Settings
from tests.conftest import settings_for

routes = APIRouter()


async def engine_of_unit(db: Database) -> str:
    async with db.unit(read_only=True) as session:
        used = (await session.connection()).sync_engine
    return next(name for name, engine in db.engines.items() if engine.sync_engine is used)


@routes.get("/test-standby")
@routes.post("/test-standby")
async def read(db: DatabaseDep) -> str:
    return await engine_of_unit(db)


@pytest.fixture
async def served(settings: Settings) -> AsyncGenerator[tuple[AsyncClient, Database]]:
    url = settings.database_url
    app = create_app(settings_for(url, database_read_url=url, database_max_lag=7))
    include_domain(app, routes)
    async with app.router.lifespan_context(app) as state:

        async def serve(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        async with AsyncClient(transport=ASGITransport(serve), base_url="http://test") as client:
            yield client, dict(state or {})["db"]


async def read_with(client: AsyncClient, method: str = "GET", **headers: str) -> str:
    return str((await client.request(method, "/test-standby", headers=headers)).json())


async def test_who_reads_from_the_standby(served: tuple[AsyncClient, Database]) -> None:
    client, db = served
    assert await read_with(client) == "standby"
    assert await read_with(client, Cookie="theme=dark", Note="recent_write=1") == "standby"
    assert await read_with(client, **{"Cache-Control": "max-age=0, No-Cache"}) == "reader"
    assert await engine_of_unit(db) == "reader"  # as in a job
    response = await client.post("/test-standby")
    assert response.json() == "reader"
    cookie = "recent_write=1; Max-Age=7; Path=/; HttpOnly; SameSite=Lax"
    assert response.headers["set-cookie"] == cookie
    assert await read_with(client) == "reader"
    client.cookies.clear()  # as after Max-Age
    assert await read_with(client) == "standby"


async def test_standby_that_is_away(
    served: tuple[AsyncClient, Database],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, db = served
    attempts: list[object] = []

    def refuse(*arguments: object) -> None:
        attempts.append(arguments)
        raise ConnectionRefusedError

    engine = db.engines["standby"].sync_engine
    event.listen(engine, "do_connect", refuse)
    assert [await read_with(client) for _ in range(3)] == ["reader"] * 3
    assert len(attempts) == 1
    assert capsys.readouterr().out.count("standby is away") == 1
    monkeypatch.setattr(standby, "monotonic", lambda: monotonic() + 2 * standby.RETRY)
    assert await read_with(client) == "reader"
    assert len(attempts) == 2
    event.remove(engine, "do_connect", refuse)
    monkeypatch.setattr(standby, "monotonic", lambda: monotonic() + 4 * standby.RETRY)
    assert [await read_with(client) for _ in range(3)] == ["standby"] * 3
    log = capsys.readouterr().out
    assert "standby is away" not in log
    assert log.count("reading from the standby again") == 1


async def test_no_code_without_the_setting(db: Database, client: AsyncClient) -> None:
    assert list(db.engines) == ["reader", "writer"]
    assert "set-cookie" not in (await client.post("/unknown")).headers


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"no-cache", True), (b"max-age=0, No-Cache", True), (b"max-age=60", False)],
)
def test_cache_control_of_the_request(value: bytes, expected: bool) -> None:
    headers = [(b"accept", b"no-cache"), (b"cache-control", value)]
    assert needs_primary({"headers": headers}) is expected
