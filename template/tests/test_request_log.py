"""Each request has an id and one log entry, without secrets."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient
from structlog.contextvars import bind_contextvars
from structlog.typing import EventDict

from app.api import include_domain
from app.http.request_log import RequestLogMiddleware

routes = APIRouter(prefix="/test-logging")


@routes.get("/bind")
async def bind() -> None:
    bind_contextvars(customer="Ada")


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


@pytest.fixture
def entries(app: FastAPI) -> Iterator[list[EventDict]]:
    """The log entries of a test, as the renderer gets them."""
    found: list[EventDict] = []

    def collect(_: object, __: str, entry: EventDict) -> EventDict:
        found.append(dict(entry))
        return entry

    processors = structlog.get_config()["processors"]
    processors.insert(-1, collect)
    yield found
    processors.remove(collect)


async def test_one_entry_per_request(client: AsyncClient, entries: list[EventDict]) -> None:
    await client.get("/health/live?token=secret", headers={"authorization": "secret"})
    (entry,) = entries
    assert (entry["method"], entry["path"], entry["status"]) == ("GET", "/health/live", 200)
    assert (entry["event"], entry["level"]) == ("request", "info")
    assert entry["timestamp"].endswith("Z")
    assert "secret" not in str(entry)


async def test_bound_context_is_logged(client: AsyncClient, entries: list[EventDict]) -> None:
    response = await client.get("/test-logging/bind")
    (entry,) = entries
    assert entry["customer"] == "Ada"
    assert entry["request_id"] == response.headers["x-request-id"]
    await client.get("/health/live")
    assert "customer" not in entries[1]


async def test_duration_and_status_of_a_failed_request(
    entries: list[EventDict], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("app.http.request_log.perf_counter", iter([10, 12.34567]).__next__)
    scope = {"type": "http", "method": "GET", "raw_path": b"/\xff", "headers": []}
    with pytest.raises(ZeroDivisionError):
        await RequestLogMiddleware(fail)(scope, fail, fail)
    (entry,) = entries
    assert (entry["path"], entry["status"], entry["ms"]) == ("/\ufffd", 500, 2345.7)


async def test_added_processor_applies_to_request_log(
    client: AsyncClient, entries: list[EventDict]
) -> None:
    def add_region(_: object, __: str, entry: EventDict) -> EventDict:
        return {**entry, "region": "here"}

    processors = structlog.get_config()["processors"]
    processors.insert(0, add_region)
    await client.get("/health/live")
    processors.remove(add_region)
    assert [entry["region"] for entry in entries] == ["here"]


async def test_long_path_is_truncated(client: AsyncClient, entries: list[EventDict]) -> None:
    await client.get("/health/" + "x" * 20_000)
    (entry,) = entries
    assert entry["path"] == "/health/" + "x" * 992


async def test_request_id_from_client(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"x-request-id": "from-a.proxy_1"})
    assert response.headers["x-request-id"] == "from-a.proxy_1"


@pytest.mark.parametrize("request_id", ["", "two words", "x" * 65, "<script>", "line\x0bfeed"])
async def test_invalid_request_id_is_replaced(client: AsyncClient, request_id: str) -> None:
    response = await client.get("/health/live", headers={"x-request-id": request_id})
    assert response.headers["x-request-id"] != request_id
    assert len(response.headers["x-request-id"]) == 32
