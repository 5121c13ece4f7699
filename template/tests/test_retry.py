"""After a transaction conflict, the whole request is retried until a deadline."""

from time import monotonic
from unittest.mock import AsyncMock, Mock, call

import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from httpx2 import ASGITransport, AsyncClient
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from app.api import include_domain
from app.db.database import TransactionConflict
from app.http.retry import RetryMiddleware

routes = APIRouter(prefix="/test-retry")
attempts: list[str] = []


@routes.api_route("/{conflicts}", methods=["GET", "POST"], include_in_schema=False)
async def conflict(conflicts: int, request: Request) -> str:
    assert request.state.db
    assert not hasattr(request.state, "dirty")
    request.state.dirty = True
    attempts.append((await request.body()).decode())
    if len(attempts) <= conflicts:
        raise TransactionConflict
    return attempts[-1]


async def conflict_of_mounted_application(request: Request) -> Response:
    return Response(await conflict(request.path_params["conflicts"], request))


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)
    app.mount("/test-mounted", Router([Route("/{conflicts:int}", conflict_of_mounted_application)]))


@pytest.fixture(autouse=True)
def no_attempts() -> None:
    attempts.clear()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_retry_after_conflict(method: str, client: AsyncClient) -> None:
    response = await client.request(method, "/test-retry/2", content="the body")
    assert (response.status_code, response.json()) == (200, "the body")
    assert attempts == ["the body"] * 3


async def test_retry_of_a_mounted_application(client: AsyncClient) -> None:
    assert (await client.get("/test-mounted/2")).status_code == 200
    assert len(attempts) == 3


async def test_retry_is_an_event_of_the_trace(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = Mock()
    monkeypatch.setattr("app.http.retry.get_current_span", lambda: span)
    await client.get("/test-retry/2")
    assert span.add_event.mock_calls == [call("retry", {"attempt": n}) for n in (2, 3)]


async def test_unavailable_after_all_attempts(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.http.retry.ATTEMPTS", 3)
    response = await client.post("/test-retry/99")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.headers["content-type"] == "application/problem+json"
    assert len(attempts) == 3


async def test_no_retry_with_a_large_body(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.http.retry.MAX_REPLAY", 10)
    response = await client.post("/test-retry/1", content="eleven long")
    assert response.status_code == 503
    assert len(attempts) == 1
    attempts.clear()
    assert (await client.post("/test-retry/1", content="ten bytes.")).json() == "ten bytes."


async def test_pauses_between_attempts(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        pauses.append((low, high))
        return high

    monkeypatch.setattr("random.uniform", uniform)
    start = monotonic()
    assert (await client.post("/test-retry/3")).status_code == 200
    assert monotonic() - start > 0.13
    assert pauses == [(0, 0.02), (0, 0.04), (0, 0.08)]


async def test_no_retry_after_the_response_has_started() -> None:
    async def conflicting(scope: Scope, receive: Receive, send: Send) -> None:
        attempts.append("")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise TransactionConflict

    transport = ASGITransport(RetryMiddleware(conflicting, timeout=60))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        with pytest.raises(TransactionConflict):
            await client.get("/")
    assert len(attempts) == 1


async def test_no_retry_after_the_deadline() -> None:
    async def conflicting(scope: Scope, receive: Receive, send: Send) -> None:
        attempts.append("")
        raise TransactionConflict

    transport = ASGITransport(RetryMiddleware(conflicting, timeout=0))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert len(attempts) == 1


async def test_websocket_is_passed_on_once() -> None:
    application = AsyncMock()
    await RetryMiddleware(application, timeout=60)({"type": "websocket"}, AsyncMock(), AsyncMock())
    assert application.await_count == 1
