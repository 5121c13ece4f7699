"""SQLite by aiosqlite: the engines and what they need."""

from typing import Any

from sqlalchemy import Connection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.settings import DatabaseSettings


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of transactions: one connection, since SQLite has one writer at a time."""
    return _transactional(
        create_async_engine(
            settings.database_url,
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

    return engine


def _on_connect(engine: AsyncEngine, *pragmas: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()


def _connect_args(settings: DatabaseSettings) -> dict[str, Any]:
    return {"isolation_level": None, "timeout": settings.database_busy_timeout}
