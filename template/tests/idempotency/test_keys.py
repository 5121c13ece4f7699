"""A request that is repeated with the same idempotency key gets the same answer."""

import asyncio

import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlmodel import update

from app.cli import manage
from app.db.database import Database
from app.db.models import now
from app.http import commands
from app.http.models import IdempotencyKey
from app.settings import Settings
from tests.idempotency.routes import ALL_BYTES, KEY, count, send


async def test_same_answer(client: AsyncClient, db: Database) -> None:
    first, second = [await send(client, body=b"x") for _ in range(2)]
    for response in first, second:
        assert (response.status_code, response.content) == (201, ALL_BYTES)
        assert response.headers["content-type"] == "image/x-test"
        assert response.headers["location"] == "/new"
    assert ("set-cookie" in first.headers, "set-cookie" in second.headers) == (True, False)
    assert await count(db) == (1, 1)


async def test_without_key(client: AsyncClient, db: Database) -> None:
    for _ in range(2):
        assert (await client.post("/idempotent")).status_code == 201
    assert await count(db) == (2, 0)


@pytest.mark.parametrize("key", [KEY, {}])
async def test_unknown_owner(client: AsyncClient, db: Database, key: dict[str, str]) -> None:
    assert (await client.post("/idempotent", headers=key | {"owner": "unknown"})).status_code == 401
    assert await count(db) == (0, 0)


async def test_key_of_another_request(client: AsyncClient, db: Database) -> None:
    await send(client)
    others = [("POST", "", b"x"), ("POST", "?query", b""), ("PUT", "", b"")]
    for method, path, body in others:
        response = await client.request(method, f"/idempotent{path}", content=body, headers=KEY)
        assert response.status_code == 422
        assert response.json()["errors"][0]["type"] == "idempotency_key"
        assert response.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    assert await count(db) == (1, 1)


async def test_key_of_another_owner(client: AsyncClient, db: Database) -> None:
    await send(client, owner="one")
    await send(client, owner="other")
    assert await count(db) == (2, 2)


@pytest.mark.parametrize(("length", "status"), [(0, 422), (1, 201), (255, 201), (256, 422)])
async def test_length_of_key(client: AsyncClient, length: int, status: int) -> None:
    headers = {"Idempotency-Key": "x" * length}
    assert (await client.post("/idempotent", headers=headers)).status_code == status


async def test_expired_key(client: AsyncClient, db: Database) -> None:
    expire = update(IdempotencyKey).values(expires_at=now())
    await send(client)
    async with db.unit() as session:
        await session.exec(expire)
    assert (await send(client, body=b"another")).status_code == 201
    assert await count(db) == (2, 1)


async def test_purge(
    client: AsyncClient, db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "connect", lambda settings: type(db)().connect(settings))
    monkeypatch.setattr(commands, "read_settings", lambda: settings)
    monkeypatch.setattr("app.db.purge.BATCH", 1)
    for number in (0, 2):
        for owner in ("one", "other"):
            await send(client, owner=f"{owner} {number}")
        result = await asyncio.to_thread(CliRunner().invoke, manage, ["idempotency", "purge"])
        assert result.output == f"Deleted {number} keys.\n"
        async with db.unit() as session:
            await session.exec(update(IdempotencyKey).values(expires_at=now()))


async def test_streamed_body(client: AsyncClient, db: Database) -> None:
    for _ in range(2):
        assert (await send(client, "/stream", b"x" * 100_000)).json() == 100_000
    assert await count(db) == (1, 1)


async def test_body_over_the_limit(client: AsyncClient, settings: Settings) -> None:
    assert (await send(client, body=b"x" * (settings.max_body_size + 1))).status_code == 413


async def test_plain_router(client: AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    assert (await client.post("/plain", headers=KEY)).status_code == 500
    assert "use a PrefixRouter" in capsys.readouterr().err


def test_documented_header(app: FastAPI) -> None:
    (parameter,) = app.openapi()["paths"]["/idempotent"]["post"]["parameters"]
    assert (parameter["name"], parameter["in"]) == ("Idempotency-Key", "header")
