"""The session of the current unit of work, in any code that runs in it: `db.session`."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import Annotated, Self

from fastapi import Depends, Request
from fastapi.requests import HTTPConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.database import Database, SessionError, ensure_usable
from app.db.settings import DatabaseSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, 9.2.1
NO_UNIT = (
    "There is no unit of work here. Include the router with `dependencies=[UnitOfWork]`, "
    "or open one with `async with db.unit():`."
)

current: ContextVar[AsyncSession | None] = ContextVar("session", default=None)


class ScopedDatabase(Database):
    @property
    def session(self) -> AsyncSession:
        """The session of the current unit of work. Raises SessionError if there is none."""
        if (session := current.get()) is None:
            raise SessionError(NO_UNIT)
        ensure_usable(session.sync_session)
        return session

    @asynccontextmanager
    async def unit(self, *, read_only: bool = False) -> AsyncGenerator[AsyncSession]:
        async with super().unit(read_only=read_only) as session:
            outer = current.get()
            current.set(session)
            try:
                yield session
            finally:
                # Keep a session that has ended, so that using it raises a clear error.
                current.set(outer or session)


db = ScopedDatabase()


def connect(settings: DatabaseSettings) -> AbstractAsyncContextManager[Database]:
    """Connect `db` to the database, for the lifespan of an application or for a script."""
    return db.connect(settings)


async def get_database(connection: HTTPConnection) -> Database:
    found: Database = connection.state.db  # from the lifespan
    return found


async def unit_of_work(request: Request) -> AsyncGenerator[None]:
    async with db.unit(read_only=request.method in SAFE_METHODS):
        yield


DatabaseDep = Annotated[Database, Depends(get_database)]
# "function": COMMIT runs after the response is built and before its first byte is sent, so that
# the client gets an error if COMMIT fails.
UnitOfWork = Depends(unit_of_work, scope="function")
ROUTE_DEPENDENCIES = [UnitOfWork]


class Repository:
    """Base class for repositories. They flush; the unit of work commits."""

    @property
    def session(self) -> AsyncSession:
        return db.session

    @classmethod
    def from_session(cls, _: AsyncSession) -> Self:  # db.session has it
        return cls()

    @classmethod
    async def provide(cls) -> Self:  # async: a `def` would run in a thread
        return cls()
