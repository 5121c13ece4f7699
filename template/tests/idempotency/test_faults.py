"""A request with an idempotency key takes effect once, whatever fails or runs at the same time."""

import asyncio

import pytest
from fastapi import HTTPException
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy.exc import OperationalError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import Message

from app.db.database import Database, TransactionConflict
from app.http import idempotency
from tests.idempotency.routes import ALL_BYTES, count, failures, released, send, started


@pytest.mark.parametrize("error", [HTTPException(418), RuntimeError("a bug")], ids=str)
async def test_error_leaves_the_key_free(
    client: AsyncClient, db: Database, error: Exception
) -> None:
    failures.append(error)
    assert (await send(client)).status_code in {418, 500}
    assert await count(db) == (0, 0)
    assert (await send(client)).status_code == 201
    assert await count(db) == (1, 1)


async def test_retry_after_conflict(client: AsyncClient, db: Database) -> None:
    failures.append(TransactionConflict())
    assert (await send(client)).status_code == 201
    assert await count(db) == (1, 1)


async def test_client_leaves_during_the_body(transport: ASGITransport) -> None:
    scope = {"type": "http", "method": "POST", "path": "/idempotent", "query_string": b""}
    headers = [(b"idempotency-key", b"key"), (b"content-length", b"9")]
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await transport.app({**scope, "headers": headers}, receive, send)
    assert sent[0]["status"] == 400


async def test_error_while_the_key_is_reserved(
    client: AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OperationalError("SELECT", None, OSError("lost"), connection_invalidated=True)

    monkeypatch.setattr(idempotency, "now", fail)
    assert (await send(client)).status_code == 503
    assert await count(db) == (0, 0)


async def test_commit_whose_answer_is_lost(
    client: AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = AsyncSession.commit

    async def lose_answer(session: AsyncSession) -> None:
        await commit(session)
        monkeypatch.undo()
        raise OperationalError("COMMIT", None, OSError("lost"), connection_invalidated=True)

    monkeypatch.setattr(AsyncSession, "commit", lose_answer)
    assert (await send(client)).status_code == 503
    assert await count(db) == (1, 1)
    assert (await send(client)).content == ALL_BYTES
    assert await count(db) == (1, 1)


async def test_running_request(client: AsyncClient, db: Database) -> None:
    first = asyncio.create_task(send(client, "/wait"))
    await started.wait()
    second = asyncio.create_task(send(client, "/wait"))
    if db.writer.dialect.name == "sqlite":  # a transaction waits for the previous one
        released.set()
        assert (await second).status_code == 200
    else:
        async with asyncio.timeout(3):  # it does not wait for a lock
            response = await second
        assert (response.status_code, response.headers["retry-after"]) == (409, "1")
        released.set()
    assert (await first).status_code == 200
    assert await count(db) == (1, 1)


async def test_concurrent_requests(client: AsyncClient, db: Database) -> None:
    responses = await asyncio.gather(*(send(client) for _ in range(8)))
    assert {response.status_code for response in responses} <= {201, 409}
    assert await count(db) == (1, 1)
