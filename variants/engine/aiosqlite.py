"""SQLite by aiosqlite: the engines and what they need."""

import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, ExceptionContext, NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.pool import FairPool
from app.db.settings import DatabaseSettings


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of transactions: one connection, since SQLite has one writer at a time."""
    return _transactional(
        create_async_engine(
            settings.database_url,
            poolclass=FairPool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=settings.database_pool_timeout,
            connect_args=_connect_args(settings),
        ),
        "PRAGMA foreign_keys = ON",
    )


def create_reader(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of reads: no transaction, beside the writer, and SQLite refuses writes."""
    engine = create_async_engine(
        settings.database_url,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        poolclass=FairPool,
        pool_size=settings.database_read_pool,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        connect_args=_connect_args(settings),
    )
    _on_connect(engine, "PRAGMA query_only = ON")
    return engine


def create_migrator(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of migrations: one connection.

    Without foreign keys: a batch migration drops a table and makes it anew, and its rows would
    take those that refer to them along.
    """
    return _transactional(
        create_async_engine(
            settings.database_url, poolclass=NullPool, connect_args=_connect_args(settings)
        ),
        "PRAGMA foreign_keys = OFF",
    )


def _transactional(engine: AsyncEngine, *pragmas: str) -> AsyncEngine:
    """Begin and commit by statements: the driver begins too late, and a closed one commits silently.

    IMMEDIATE takes the write lock at once; a transaction that reads first could not wait for it.
    """
    _on_connect(engine, "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", *pragmas)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine.sync_engine, "commit")
    def commit(connection: Connection) -> None:
        connection.exec_driver_sql("COMMIT")

    @event.listens_for(engine.sync_engine, "handle_error")
    def forget(context: ExceptionContext) -> None:
        # A file that may only be read is opened for that, and stays so until it is opened anew.
        code = getattr(context.original_exception, "sqlite_errorcode", None)
        context.is_disconnect |= code == sqlite3.SQLITE_READONLY

    return engine


def _on_connect(engine: AsyncEngine, *pragmas: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()


class _Connection(sqlite3.Connection):
    """Rolls back when it is closed: the cursor of a cancelled request would keep its write lock."""

    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it is closed already, by a second cancellation
            self.rollback()
        super().close()


def _connect_args(settings: DatabaseSettings) -> dict[str, Any]:
    timeout = settings.database_busy_timeout
    return {"isolation_level": None, "timeout": timeout, "factory": _Connection}
