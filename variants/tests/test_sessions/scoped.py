"""`db.session`: one session for each unit of work, and none outside."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import StreamingResponse
from httpx2 import AsyncClient

from app.api import include_domain
from app.db.database import SessionError
from app.db.session import Repository, db

routes = APIRouter(prefix="/test-session")
streamed: list[Exception] = []


@routes.get("/same")
async def same() -> bool:
    return db.session is Repository().session


@routes.get("/stream")
async def stream() -> StreamingResponse:
    async def body() -> AsyncIterator[str]:
        try:
            _ = db.session
        except SessionError as error:
            streamed.append(error)
        yield "end"

    return StreamingResponse(body())


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


async def test_one_session_per_request(client: AsyncClient) -> None:
    assert (await client.get("/test-session/same")).json() is True


async def test_stream_cannot_use_the_session(client: AsyncClient) -> None:
    assert (await client.get("/test-session/stream")).text == "end"
    assert "has ended" in str(streamed.pop())


def test_no_session_outside_a_unit_of_work() -> None:
    with pytest.raises(SessionError, match="no unit of work here"):
        Context().run(lambda: db.session)


async def test_nested_units_of_work() -> None:
    async with db.unit(read_only=True) as outer:
        async with db.unit(read_only=True) as inner:
            assert db.session is inner is not outer
        assert db.session is outer


async def test_session_in_another_task() -> None:
    async def child() -> object:
        return db.session

    async with db.unit():
        with pytest.raises(SessionError, match="in another task"):
            await asyncio.create_task(child())
