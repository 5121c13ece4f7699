"""`db.session`: the same one everywhere in a unit of work, and none outside."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import Context

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from httpx2 import AsyncClient

from app.api import routers
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


routers.append(routes)


async def test_a_request_has_one_session(client: AsyncClient) -> None:
    assert (await client.get("/test-session/same")).json() is True


async def test_a_stream_needs_a_unit_of_its_own(client: AsyncClient) -> None:
    assert (await client.get("/test-session/stream")).text == "end"
    assert "is over" in str(streamed.pop())


def test_there_is_no_session_outside_a_unit() -> None:
    with pytest.raises(SessionError, match="no unit of work here"):
        Context().run(lambda: db.session)


async def test_a_unit_inside_another_has_its_own_session() -> None:
    async with db.unit(read_only=True) as outer:
        async with db.unit(read_only=True) as inner:
            assert db.session is inner is not outer
        assert db.session is outer


async def test_a_task_inside_a_unit_needs_its_own() -> None:
    async def child() -> object:
        return db.session

    async with db.unit():
        with pytest.raises(SessionError, match="one task"):
            await asyncio.create_task(child())
