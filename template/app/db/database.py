"""The database and its units of work: one session, one transaction, one task."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Self

import sqlmodel
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.engine import create_reader, create_writer
from app.db.error_codes import READ_ONLY, RETRYABLE, code_of
from app.db.settings import DatabaseSettings
from app.domains import load_models

NOT_CONNECTED = "The database is not connected. Open it with `async with connect(settings):`."
ENDED = (
    "This unit of work has ended; the response is already built. "
    "Open another one with `async with db.unit():`."
)
SHARED = (
    "This session was opened in another task. Open a unit of work in each task with "
    "`async with db.unit():`, and do not use a session in a thread or a `def` route."
)
READ_ONLY_UNIT = (
    "This unit of work is read-only (GET, HEAD, OPTIONS). Use another method, "
    "or write in a unit of work of its own: `async with db.unit():`."
)


class SessionError(RuntimeError):
    """A session was used outside its unit of work. The message contains the fix."""


class TransactionConflict(Exception):
    """The transaction has failed, but may succeed when it is retried.

    Causes: deadlock, lock timeout, serialization failure, migration, deleted row, lost connection.
    """


class UnitSession(sqlmodel.Session):
    """The session of a unit of work. The guards below listen to its events."""


class Database:
    """Two engines: `writer` for transactions, and `reader`, read-only and in autocommit mode."""

    writer: AsyncEngine
    reader: AsyncEngine
    engines: dict[str, AsyncEngine]  # by name; their connections are closed at the end
    open_to_read: Callable[..., AbstractAsyncContextManager[AsyncSession]]
    connected = False

    @asynccontextmanager
    async def connect(self, settings: DatabaseSettings) -> AsyncGenerator[Self]:
        """Load all models and create the engines. Close their connections when the block ends."""
        load_models()
        outer = vars(self).copy()  # connected already if a test starts a second application
        writer, reader = create_writer(settings), create_reader(settings)
        options: dict[str, Any] = {
            "class_": AsyncSession,
            "sync_session_class": UnitSession,
            "expire_on_commit": False,
            "close_resets_only": False,
        }
        self._open_to_write = async_sessionmaker(writer, **options)
        self.open_to_read = async_sessionmaker(reader, **options)
        self.writer, self.reader, self.connected = writer, reader, True
        self.engines = engines = {"reader": reader, "writer": writer}
        try:
            yield self
        finally:
            self.__dict__ = outer
            for engine in engines.values():
                await engine.dispose()

    @asynccontextmanager
    async def unit(self, *, read_only: bool = False) -> AsyncGenerator[AsyncSession]:
        """A unit of work. It commits when the block ends, and rolls back when the block raises.

        Raises TransactionConflict when the transaction should be retried.
        """
        if not self.connected:
            raise SessionError(NOT_CONNECTED)
        open_session = self.open_to_read if read_only else self._open_to_write
        info = {"task": asyncio.current_task(), "read_only": read_only}
        async with open_session(info=info) as session:
            try:
                yield session
                if read_only:
                    refuse_writes(session.sync_session)
                else:
                    await session.commit()
            except BaseException as error:
                # close() is not enough: on SQLite, a failed COMMIT leaves the transaction open.
                await session.rollback()
                if should_retry(error, read_only):
                    raise TransactionConflict from error
                if read_only and isinstance(error, DBAPIError) and code_of(error) in READ_ONLY:
                    raise SessionError(READ_ONLY_UNIT) from error
                raise
            finally:
                session.info["task"] = None


def should_retry(error: BaseException, read_only: bool) -> bool:
    if not isinstance(error, DBAPIError):
        return isinstance(error, StaleDataError)  # another transaction has deleted the row
    # If a COMMIT loses its connection, nobody knows whether the rows are stored.
    lost_read = read_only and error.connection_invalidated and error.statement is not None
    return lost_read or code_of(error) in RETRYABLE


def ensure_usable(session: Session) -> None:
    """Raise SessionError if the unit of work has ended, or belongs to another task."""
    if (owner := session.info["task"]) is None:
        raise SessionError(ENDED)
    try:
        current = asyncio.current_task()
    except RuntimeError:  # in a thread, as in a plain `def` route
        current = None
    if current is not owner:
        raise SessionError(SHARED)


@event.listens_for(UnitSession, "do_orm_execute")
def before_statement(state: ORMExecuteState) -> None:
    ensure_usable(state.session)
    writes = state.is_insert or state.is_update or state.is_delete
    if writes and state.session.info["read_only"]:
        raise SessionError(READ_ONLY_UNIT)


@event.listens_for(UnitSession, "before_flush")
def before_flush(session: UnitSession, *_: object) -> None:
    ensure_usable(session)
    if session.info["read_only"]:
        refuse_writes(session)


def refuse_writes(session: Session) -> None:
    """Raise SessionError if a flush would write something."""
    if session.new or session.deleted or any(map(session.is_modified, session.dirty)):
        raise SessionError(READ_ONLY_UNIT)
