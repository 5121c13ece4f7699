"""A conflict between transactions runs the whole request again, and a client is told the truth."""

import pytest
from fastapi import APIRouter, Request
from httpx2 import AsyncClient

from app.api import routers
from app.db.database import TransactionConflict

routes = APIRouter(prefix="/test-retry")
attempts: list[str] = []


@routes.post("/{conflicts}")
async def conflict(conflicts: int, request: Request) -> str:
    assert not hasattr(request.state, "dirty")
    request.state.dirty = True
    attempts.append((await request.body()).decode())
    if len(attempts) <= conflicts:
        raise TransactionConflict
    return attempts[-1]


routers.append(routes)


@pytest.fixture(autouse=True)
def first() -> None:
    attempts.clear()


async def test_a_conflict_runs_the_request_again(client: AsyncClient) -> None:
    response = await client.post("/test-retry/2", content="the body")
    assert (response.status_code, response.json()) == (200, "the body")
    assert attempts == ["the body"] * 3


async def test_an_endless_conflict_is_a_503(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.retry.ATTEMPTS", 3)
    response = await client.post("/test-retry/99")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.headers["content-type"] == "application/problem+json"
    assert len(attempts) == 3


async def test_a_body_too_long_to_keep_is_not_sent_twice(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.db.retry.REPLAYABLE", 10)
    response = await client.post("/test-retry/1", content="longer than ten")
    assert response.status_code == 503
    assert len(attempts) == 1
