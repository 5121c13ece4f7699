"""The injected session: one for each request. It ends when the response is built."""

from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import StreamingResponse
from httpx2 import AsyncClient
from sqlmodel import func, select

from app.api import include_domain
from app.db.database import SessionError
from app.db.session import Repository, SessionDep

ANY = select(func.count())
RepositoryDep = Annotated[Repository, Depends(Repository.provide)]

routes = APIRouter(prefix="/test-session")
streamed: list[Exception] = []


@routes.get("/same")
async def same(session: SessionDep, repository: RepositoryDep) -> bool:
    return session is repository.session


@routes.get("/stream")
async def stream(session: SessionDep) -> StreamingResponse:
    async def body() -> AsyncIterator[str]:
        try:
            await session.exec(ANY)
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
