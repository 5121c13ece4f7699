"""The engines for SQLite, with aiosqlite."""

import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, ExceptionContext, NullPool, event
from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.pool import FifoPool
from app.db.settings import DatabaseSettings


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for transactions: one connection, because SQLite has one writer."""
    return _transactional(
        create_async_engine(
            settings.database_url,
            poolclass=FifoPool,
            pool_size=1,
            max_overflow=0,
            pool_timeout=settings.database_pool_timeout,
            hide_parameters=True,  # errors are logged, and values may be secret
            connect_args=_connect_args(settings),
        ),
        "PRAGMA foreign_keys = ON",
    )


def create_reader(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for read-only units of work: autocommit, and SQLite refuses writes."""
    engine = create_async_engine(
        settings.database_url,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        poolclass=FifoPool,
        pool_size=settings.database_read_pool,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        hide_parameters=True,  # errors are logged, and values may be secret
        connect_args=_connect_args(settings),
    )
    _on_connect(engine, "PRAGMA query_only = ON")
    return engine


def create_migrator(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for migrations: one connection, without foreign key checks.

    A batch migration drops a table and creates it again. With the checks on, dropping it would
    delete the rows that reference it.
    """
    return _transactional(
        create_async_engine(
            settings.database_url, poolclass=NullPool, connect_args=_connect_args(settings)
        ),
        "PRAGMA foreign_keys = OFF",
    )


def _transactional(engine: AsyncEngine, *pragmas: str) -> AsyncEngine:
    """Send BEGIN and COMMIT as statements: the driver itself would send BEGIN too late.

    IMMEDIATE takes the write lock at once. A transaction that reads first could not wait for it.
    """
    event.listen(engine.sync_engine, "connect", _enter_wal_mode)
    _on_connect(engine, "PRAGMA synchronous = NORMAL", *pragmas)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine.sync_engine, "commit")
    def commit(connection: Connection) -> None:
        connection.exec_driver_sql("COMMIT")

    @event.listens_for(engine.sync_engine, "handle_error")
    def disconnect_if_read_only(context: ExceptionContext) -> None:
        # A connection to a read-only file stays read-only until it is opened again.
        code = getattr(context.original_exception, "sqlite_errorcode", None)
        context.is_disconnect |= code == sqlite3.SQLITE_READONLY

    return engine


def _enter_wal_mode(connection: Any, _: object) -> None:
    """Switch the file to a write-ahead log, once. SQLite does not wait for a lock to do this."""
    cursor = connection.cursor()
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            cursor.execute("BEGIN EXCLUSIVE")  # waits for all other connections
            cursor.execute("COMMIT")
    cursor.close()


def _wrap_overflow(context: ExceptionContext) -> DataError | None:
    """Turn an integer of more than 64 bits into a database error, as the other drivers do."""
    error = context.original_exception
    if not isinstance(error, OverflowError):
        return None
    return DataError(context.statement, context.parameters, error)


def _on_connect(engine: AsyncEngine, *pragmas: str) -> None:
    event.listen(engine.sync_engine, "handle_error", _wrap_overflow)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()


class _Connection(sqlite3.Connection):
    """Rolls back when it is closed. Otherwise a cancelled request would keep the write lock."""

    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # already closed by a second cancellation
            self.rollback()
        super().close()


def _connect_args(settings: DatabaseSettings) -> dict[str, Any]:
    timeout = settings.database_busy_timeout
    return {"isolation_level": None, "timeout": timeout, "factory": _Connection}
