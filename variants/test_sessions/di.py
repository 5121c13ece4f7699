"""The injected session: the same one everywhere in a request, and none beyond it."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from httpx2 import AsyncClient
from sqlmodel import func, select

from app.api import routers
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


routers.append(routes)


async def test_a_request_has_one_session(client: AsyncClient) -> None:
    assert (await client.get("/test-session/same")).json() is True


async def test_a_stream_needs_a_unit_of_its_own(client: AsyncClient) -> None:
    assert (await client.get("/test-session/stream")).text == "end"
    assert "is over" in str(streamed.pop())
