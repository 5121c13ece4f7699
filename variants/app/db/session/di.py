"""The session of a request, as a dependency: `session: SessionDep`, or a repository with one."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Self

from fastapi import Depends, Request, params
from fastapi.requests import HTTPConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.database import Database
from app.db.settings import DatabaseSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, 9.2.1


def connect(settings: DatabaseSettings) -> AbstractAsyncContextManager[Database]:
    """Connect to the database, for the lifespan of an application or for a script."""
    return Database().connect(settings)


async def get_database(connection: HTTPConnection) -> Database:
    db: Database = connection.state.db  # from the lifespan
    return db


async def get_session(request: Request) -> AsyncGenerator[AsyncSession]:
    db: Database = request.state.db
    async with db.unit(read_only=request.method in SAFE_METHODS) as session:
        yield session


DatabaseDep = Annotated[Database, Depends(get_database)]
# "function": COMMIT runs after the response is built and before its first byte is sent, so that
# the client gets an error if COMMIT fails.
UnitOfWork = Depends(get_session, scope="function")
SessionDep = Annotated[AsyncSession, UnitOfWork]
ROUTE_DEPENDENCIES: list[params.Depends] = []  # of all routes; only scoped sessions need one


class Repository:
    """Base class for repositories. They flush; the unit of work commits."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    @classmethod
    def from_session(cls, session: AsyncSession) -> Self:
        return cls(session)

    @classmethod
    async def provide(cls, session: SessionDep) -> Self:  # async: a `def` would run in a thread
        return cls(session)
