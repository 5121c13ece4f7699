"""The session of a request, from anywhere below it: `db.session`."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import Self

from fastapi import Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.database import SAFE_METHODS, Database, SessionError, check
from app.settings import Settings

NO_UNIT = (
    "There is no unit of work here. Include the router with `dependencies=[UnitOfWork]`, "
    "or open one with `async with db.unit():`."
)

current: ContextVar[AsyncSession | None] = ContextVar("session", default=None)


class ScopedDatabase(Database):
    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work around the caller; SessionError where there is none."""
        if (session := current.get()) is None:
            raise SessionError(NO_UNIT)
        check(session.sync_session)
        return session

    @asynccontextmanager
    async def unit(self, *, read_only: bool = False) -> AsyncGenerator[AsyncSession]:
        async with super().unit(read_only=read_only) as session:
            outer = current.get()
            current.set(session)
            try:
                yield session
            finally:
                current.set(outer or session)  # an ended session stays, to say that it ended


db = ScopedDatabase()


def connect(settings: Settings) -> AbstractAsyncContextManager[Database]:
    """The database of the process, for its lifespan or for a script."""
    return db.connect(settings)


async def unit_of_work(request: Request) -> AsyncGenerator[None]:
    async with db.unit(read_only=request.method in SAFE_METHODS):
        yield


# "function": it commits once the response is built and before its first byte is sent,
# so a COMMIT that fails is an error to the client.
UnitOfWork = Depends(unit_of_work, scope="function")
ROUTE_DEPENDENCIES = [UnitOfWork]  # each request to the API is one


class Repository:
    """A collection of rows, in the session around it; it flushes, the unit of work commits."""

    @property
    def session(self) -> AsyncSession:
        return db.session

    @classmethod
    def of(cls, _: AsyncSession) -> Self:  # the one around the caller
        return cls()

    @classmethod
    async def provide(cls) -> Self:  # async: FastAPI calls `def` in a thread
        return cls()
