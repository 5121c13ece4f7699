"""PostgreSQL by psycopg: the engines and what they need."""

from typing import Any

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.settings import DatabaseSettings


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of transactions."""
    return _create(settings, settings.database_write_pool, settings.database_isolation_level)


def create_reader(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of reads: no transaction, so one round trip each, and the server refuses writes."""
    size = settings.database_read_pool
    if settings.database_pooler == "transaction":  # it shares sessions: the mode goes with each one
        engine = _create(settings, size, settings.database_isolation_level)
        return engine.execution_options(postgresql_readonly=True)
    return _create(settings, size, "AUTOCOMMIT", default_transaction_read_only="on")


def create_migrator(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of migrations: one connection, and no limit to what a statement takes."""
    return create_async_engine(
        settings.database_url, poolclass=NullPool, connect_args=_connect_args(settings)
    )


def _create(
    settings: DatabaseSettings, pool_size: int, isolation_level: Any, **session: str
) -> AsyncEngine:
    if settings.database_pooler == "none":  # PgBouncer refuses these at connect
        session["statement_timeout"] = f"{settings.database_statement_timeout * 1000:.0f}"
        session["idle_in_transaction_session_timeout"] = (
            f"{settings.database_idle_timeout * 1000:.0f}"
        )
    options = " ".join(f"-c {name}={value}" for name, value in session.items())
    return create_async_engine(
        settings.database_url,
        isolation_level=isolation_level,
        pool_size=pool_size,
        max_overflow=0,  # an overflow connection costs a new process of the server each time
        pool_timeout=settings.database_pool_timeout,
        pool_pre_ping=True,  # psycopg notices a dead connection only when it uses it
        connect_args=_connect_args(settings) | {"options": options},
    )


def _connect_args(settings: DatabaseSettings) -> dict[str, Any]:
    args: dict[str, Any] = {"connect_timeout": max(2, round(settings.database_connect_timeout))}
    if settings.database_pooler == "transaction":  # prepared statements belong to a server session
        args["prepare_threshold"] = None
    return args
