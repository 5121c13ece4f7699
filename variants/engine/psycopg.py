"""PostgreSQL by psycopg: the engines and what they need."""

from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import NullPool, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.pool import FairPool
from app.db.settings import DatabaseSettings

IDLE = 30  # seconds after which a firewall may have dropped a connection silently


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
    engine = create_async_engine(
        settings.database_url,
        isolation_level=isolation_level,
        poolclass=FairPool,
        pool_size=pool_size,
        max_overflow=0,  # an overflow connection costs a new process of the server each time
        pool_timeout=settings.database_pool_timeout,
        connect_args=_connect_args(settings) | {"options": options},
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_dead_connection(connection: Any, record: Any, _: object) -> None:
        # Another one comes in place of one that died idle; without a round trip, unlike a ping.
        if has_ended(connection.driver_connection):
            raise DisconnectionError
        if monotonic() - record.info.get("used", monotonic()) > IDLE:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:
                raise DisconnectionError from error

    @event.listens_for(engine.sync_engine, "checkin")
    def remember_use(_: object, record: Any) -> None:
        record.info["used"] = monotonic()

    return engine


def _connect_args(settings: DatabaseSettings) -> dict[str, Any]:
    args: dict[str, Any] = {"connect_timeout": max(2, round(settings.database_connect_timeout))}
    if settings.database_pooler == "transaction":  # prepared statements belong to a server session
        args["prepare_threshold"] = None
    return args


def has_ended(connection: AsyncConnection) -> bool:
    if connection.closed:
        return True
    with DefaultSelector() as selector:
        selector.register(connection, EVENT_READ)
        return bool(selector.select(0))  # unasked, a server says only that it hangs up
