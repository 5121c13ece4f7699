"""HEAD works wherever GET does, without a body and without writing. `Allow` lists all methods."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import StreamingResponse
from httpx2 import AsyncClient
from starlette.types import Message, Receive, Scope, Send

from app.api import include_domain
from app.db.session import Repository
from app.http.methods import HeadMiddleware

routes = APIRouter(prefix="/test-methods")
streams: list[str] = []


@routes.get("/unit")
async def read_unit(
    repository: Annotated[Repository, Depends(Repository.provide)], response: Response
) -> str:
    response.headers["read-only"] = str(repository.session.info["read_only"])
    return "body"


@routes.get("/own")
async def get_own() -> str:
    return "body"


@routes.head("/own", status_code=204, include_in_schema=False)
async def head_own() -> None: ...


@routes.put("/no-get")
@routes.post("/own")
async def write() -> None: ...


@routes.delete("/{name}")
async def delete(name: str) -> None: ...


@routes.get("/stream")
async def stream() -> StreamingResponse:
    async def endless() -> AsyncGenerator[str]:
        try:
            while True:
                yield "chunk"
                await asyncio.sleep(0)
        finally:
            streams.append("ended")

    return StreamingResponse(endless(), media_type="text/plain")


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


@pytest.mark.parametrize(
    "path",
    [
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/docs",
        "/docs/swagger-ui.css",
        "/test-methods/unit",
        "/nowhere",
    ],
)
async def test_head_is_get_without_body(client: AsyncClient, path: str) -> None:
    got, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    del got.headers["x-request-id"], head.headers["x-request-id"]
    assert head.headers == got.headers
    assert int(head.headers["content-length"]) == len(got.content) > 0


async def test_head_is_read_only(client: AsyncClient) -> None:
    assert (await client.head("/test-methods/unit")).headers["read-only"] == "True"


async def test_body_of_a_stream_ends_once(app: FastAPI) -> None:
    sent: list[Message] = []

    async def stream(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for more in (True, True, False):
            await send({"type": "http.response.body", "body": b"chunk", "more_body": more})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "HEAD", "path": "/nowhere", "headers": []}
    await HeadMiddleware(stream, app)(scope, receive, send)
    assert [(it["type"], it.get("body")) for it in sent[1:]] == [("http.response.body", None)]


async def test_own_route(client: AsyncClient) -> None:
    assert (await client.head("/test-methods/own")).status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/test-methods/own", "GET, HEAD, POST"),
        ("PATCH", "/test-methods/no-get", "PUT"),
        ("HEAD", "/test-methods/no-get", "PUT"),
        ("PATCH", "/test-methods/anything", "DELETE"),
        ("PATCH", "/docs", "GET, HEAD"),
        ("PATCH", "/docs/swagger-ui.css", "GET, HEAD"),
    ],
)
async def test_method_not_allowed(client: AsyncClient, method: str, path: str, allow: str) -> None:
    """The header has the methods of this path, but not those of `/test-methods/{name}`."""
    response = await client.request(method, path)
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["allow"] == allow


async def test_stream_ends(client: AsyncClient) -> None:
    response = await client.head("/test-methods/stream")
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert streams == ["ended"]


def test_head_is_not_in_the_document(app: FastAPI) -> None:
    assert not [path for path, methods in app.openapi()["paths"].items() if "head" in methods]
