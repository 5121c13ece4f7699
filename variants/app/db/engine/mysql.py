"""The engines for MySQL and MariaDB."""

from typing import Any

from sqlalchemy import NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import PoolResetState

from app.db.pool import FifoPool
from app.db.settings import DatabaseSettings


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for transactions."""
    return _create(
        settings, settings.database_write_pool, settings.database_isolation_level, "READ WRITE"
    )


def create_reader(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for read-only units of work: autocommit, one round trip for each query."""
    return _create(settings, settings.database_read_pool, "AUTOCOMMIT", "READ ONLY")


def create_migrator(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for migrations: one connection."""
    return create_async_engine(
        settings.database_url, poolclass=NullPool, connect_args=_connect_args(settings)
    )


def _create(
    settings: DatabaseSettings, pool_size: int, isolation_level: Any, access: str
) -> AsyncEngine:
    engine = create_async_engine(
        settings.database_url,
        isolation_level=isolation_level,
        poolclass=FifoPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        pool_recycle=settings.database_pool_recycle,
        pool_pre_ping=True,
        pool_reset_on_return=None,
        skip_autocommit_rollback=True,
        connect_args=_connect_args(settings),
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET SESSION TRANSACTION {access}")
        timeout = settings.database_lock_timeout
        cursor.execute(
            f"SET SESSION innodb_lock_wait_timeout = {timeout}, lock_wait_timeout = {timeout}"
        )
        cursor.close()

    @event.listens_for(engine.sync_engine, "reset")
    def reset(connection: Any, _: object, state: PoolResetState) -> None:
        # The status of the last response shows whether a transaction is open. A ROLLBACK without
        # one would cost each request a round trip.
        if not state.terminate_only and connection.driver_connection.get_transaction_status():
            connection.rollback()

    return engine


def _connect_args(settings: DatabaseSettings) -> dict[str, Any]:
    return {"charset": "utf8mb4", "connect_timeout": settings.database_connect_timeout}
