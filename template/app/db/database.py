"""The database of the service and its units of work: one session, one transaction, one task."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Self

from fastapi import Depends
from fastapi.requests import HTTPConnection
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.codes import READ_ONLY, RUN_AGAIN, code_of
from app.db.engine import create_reader, create_writer
from app.db.settings import DatabaseSettings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110, 9.2.1

NOT_CONNECTED = "The database is not connected. Open it with `async with connect(settings):`."
OVER = "This unit of work is over: its response is built. Open one with `async with db.unit():`."
SHARED = (
    "A session belongs to one task, not to a thread. Open a unit in each: `async with db.unit():`."
)
READ_ONLY_UNIT = (
    "This unit of work only reads (GET, HEAD, OPTIONS). "
    "Write in another method, or in a unit of its own: `async with db.unit():`."
)


class SessionError(RuntimeError):
    """A session was used where it has no meaning; the message says what to do instead."""


class TransactionConflict(Exception):
    """The database asks for this transaction to be run again, from its start."""


class Database:
    """Two engines: one writes, in transactions; one only reads, each statement by itself."""

    writer: AsyncEngine | None = None
    reader: AsyncEngine | None = None

    @asynccontextmanager
    async def connect(self, settings: DatabaseSettings) -> AsyncGenerator[Self]:
        """Make the engines, and close their connections at the end; nothing is opened yet."""
        self.writer, self.reader = create_writer(settings), create_reader(settings)
        options: dict[str, Any] = {
            "class_": AsyncSession,
            "expire_on_commit": False,
            "close_resets_only": False,
        }
        self._writing = async_sessionmaker(self.writer, **options)
        self._reading = async_sessionmaker(self.reader, **options)
        try:
            yield self
        finally:
            await self.writer.dispose()
            await self.reader.dispose()
            self.writer = self.reader = None

    @asynccontextmanager
    async def unit(self, *, read_only: bool = False) -> AsyncGenerator[AsyncSession]:
        """A unit of work: it commits when the block ends, and rolls back when it raises.

        Raises TransactionConflict when the database asks to run it again.
        """
        if self.writer is None:
            raise SessionError(NOT_CONNECTED)
        new_session = self._reading if read_only else self._writing
        info = {"task": asyncio.current_task(), "read_only": read_only}
        async with new_session(info=info) as session:
            try:
                yield session
                if read_only:
                    refuse_writes(session.sync_session)
                else:
                    await session.commit()
            except BaseException as error:
                # Not left to close(): on SQLite a COMMIT that failed would stay open.
                await session.rollback()
                if isinstance(error, DBAPIError) and code_of(error) in RUN_AGAIN:
                    raise TransactionConflict from error
                if read_only and isinstance(error, DBAPIError) and code_of(error) in READ_ONLY:
                    raise SessionError(READ_ONLY_UNIT) from error
                raise
            finally:
                session.info["task"] = None


async def get_database(connection: HTTPConnection) -> Database:
    db: Database = connection.state.db  # from the lifespan
    return db


DatabaseDep = Annotated[Database, Depends(get_database)]


def check(session: Session) -> None:
    """Raise SessionError when the session has outlived its unit of work or left its task."""
    if "task" not in session.info:
        return
    if (owner := session.info["task"]) is None:
        raise SessionError(OVER)
    try:
        current = asyncio.current_task()
    except RuntimeError:  # no event loop: a thread, so the handler is a plain `def`
        current = None
    if current is not owner:
        raise SessionError(SHARED)


@event.listens_for(Session, "do_orm_execute")
def check_statement(state: ORMExecuteState) -> None:
    check(state.session)
    writes = state.is_insert or state.is_update or state.is_delete
    if writes and state.session.info.get("read_only"):
        raise SessionError(READ_ONLY_UNIT)


@event.listens_for(Session, "before_flush")
def check_flush(session: Session, *_: object) -> None:
    check(session)
    if session.info.get("read_only"):
        refuse_writes(session)


def refuse_writes(session: Session) -> None:
    """Raise SessionError when a flush would have something to write."""
    if session.new or session.deleted or any(map(session.is_modified, session.dirty)):
        raise SessionError(READ_ONLY_UNIT)
