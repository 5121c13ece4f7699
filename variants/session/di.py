"""The session of a request, injected: `session: SessionDep`, or a repository that gets one."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Self

from fastapi import Depends, Request, params
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.database import SAFE_METHODS, Database
from app.settings import Settings


def connect(settings: Settings) -> AbstractAsyncContextManager[Database]:
    """The database of one application, for its lifespan or for a script."""
    return Database().connect(settings)


async def get_session(request: Request) -> AsyncGenerator[AsyncSession]:
    db: Database = request.state.db
    async with db.unit(read_only=request.method in SAFE_METHODS) as session:
        yield session


# "function": it commits once the response is built and before its first byte is sent,
# so a COMMIT that fails is an error to the client.
UnitOfWork = Depends(get_session, scope="function")
SessionDep = Annotated[AsyncSession, UnitOfWork]
ROUTE_DEPENDENCIES: list[params.Depends] = []  # who takes the session opens its unit of work


class Repository:
    """A collection of rows, in the session that it is given; it flushes, the unit of work commits."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    @classmethod
    def of(cls, session: AsyncSession) -> Self:
        return cls(session)

    @classmethod
    async def provide(cls, session: SessionDep) -> Self:  # async: FastAPI calls `def` in a thread
        return cls(session)
