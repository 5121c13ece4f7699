"""A server may leave out some keys of a request's scope, as adapters for serverless functions do.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from collections.abc import AsyncGenerator

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from starlette.types import Receive, Scope, Send

from app.api import include_domain
from app.http.idempotency import idempotent
from app.http.routing import PrefixRouter

OPTIONAL = {"client", "raw_path", "root_path", "scheme", "server"}

router = PrefixRouter(prefix="/test-asgi")


@router.post("/{name}", dependencies=[idempotent()])
async def echo(name: str) -> str:
    return name


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, router)


@pytest.fixture
async def client(transport: ASGITransport) -> AsyncGenerator[AsyncClient]:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        required = {key: value for key, value in scope.items() if key not in OPTIONAL}
        await transport.app(required, receive, send)

    async with AsyncClient(transport=ASGITransport(serve), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("path", ["/health/live", "/openapi.json", "/docs", "/unknown"])
async def test_get(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == (404 if path == "/unknown" else 200)


async def test_path_is_logged(client: AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    await client.get("/two words/é")
    assert "/two%20words/%C3%A9" in capsys.readouterr().out


async def test_idempotency_key(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "key"}
    for _ in range(2):
        response = await client.post("/test-asgi/one", headers=headers)
        assert (response.status_code, response.json()) == (200, "one")
    assert (await client.post("/test-asgi/other", headers=headers)).status_code == 422
