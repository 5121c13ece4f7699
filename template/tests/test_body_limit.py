"""Request bodies over the limit are rejected. A route can have its own limit."""

from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter, FastAPI, Request
from httpx2 import ASGITransport, AsyncClient, Response

from app.api import create_app, include_domain
from app.settings import Settings

routes = APIRouter(prefix="/test-body-limit")
handled: list[int] = []


@routes.post("/read")
async def read(request: Request) -> int:
    return len(await request.body())


@routes.post("/ignore", status_code=204)
async def ignore() -> None:
    handled.append(0)


@routes.post("/upload", max_body_size=5_000_000)
async def upload(request: Request) -> int:
    return len(await request.body())


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


def assert_too_large(response: Response) -> None:
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/test-body-limit/read", "/nowhere", "/health/live"])
async def test_body_too_large(client: AsyncClient, settings: Settings, path: str) -> None:
    assert_too_large(await client.post(path, content=b"x" * (settings.max_body_size + 1)))


async def test_body_too_large_without_length(client: AsyncClient, settings: Settings) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (settings.max_body_size // 2)

    assert_too_large(await client.post("/test-body-limit/read", content=chunks()))


async def test_rejected_before_the_route_runs(client: AsyncClient, settings: Settings) -> None:
    handled.clear()
    body = b"x" * (settings.max_body_size + 1)
    assert_too_large(await client.post("/test-body-limit/ignore", content=body))
    assert handled == []
    assert (await client.post("/test-body-limit/ignore", content=body[1:])).status_code == 204
    assert handled == [0]


async def test_route_with_a_larger_limit(client: AsyncClient, settings: Settings) -> None:
    body = b"x" * (settings.max_body_size + 1)
    assert (await client.post("/test-body-limit/upload", content=body)).json() == len(body)
    body = b"x" * 5_000_000
    assert (await client.post("/test-body-limit/upload", content=body)).json() == len(body)
    assert_too_large(await client.post("/test-body-limit/upload", content=body + b"x"))


async def test_route_with_a_lower_limit(settings: Settings) -> None:
    app = create_app(settings)
    router = APIRouter(max_body_size=100)
    router.add_api_route("/small", ignore, methods=["POST"], status_code=204)
    include_domain(app, router)
    handled.clear()
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        assert_too_large(await client.post("/small", content=b"x" * 101))
        assert handled == []
        assert (await client.post("/nowhere", content=b"x" * 101)).status_code == 404
