"""The engines for PostgreSQL, with psycopg."""

from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import ExceptionContext, NullPool, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.error_codes import READ_ONLY, STALE, code_of
from app.db.keepalive import PROBE_INTERVAL, PROBES, TIMEOUT
from app.db.pool import FifoPool
from app.db.settings import DatabaseSettings

MAX_IDLE = 30  # seconds; a firewall may drop a connection that is idle for longer
KEEPALIVE = {
    "keepalives_idle": PROBE_INTERVAL,
    "keepalives_interval": PROBE_INTERVAL,
    "keepalives_count": PROBES,
    "tcp_user_timeout": TIMEOUT * 1000,
}


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for transactions."""
    size, isolation_level = settings.database_write_pool, settings.database_isolation_level
    engine = _create(settings, size, isolation_level)
    event.listen(engine.sync_engine, "handle_error", reconnect_if_standby)
    return engine


def create_reader(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for read-only units of work: autocommit, one round trip for each query."""
    size = settings.database_read_pool
    if settings.database_pooler == "transaction":  # shared sessions: set it for each transaction
        engine = _create(settings, size, settings.database_isolation_level)
        return engine.execution_options(postgresql_readonly=True)
    return _create(settings, size, "AUTOCOMMIT", default_transaction_read_only="on")


def create_migrator(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for migrations: one connection, without a statement timeout."""
    url = settings.migrations_database_url or settings.database_url
    settings = settings.model_copy(update={"database_url": url})
    return create_async_engine(
        settings.database_url, poolclass=NullPool, connect_args=_connect_args(settings)
    )


def _create(
    settings: DatabaseSettings, pool_size: int, isolation_level: Any, **session: str
) -> AsyncEngine:
    if settings.database_pooler == "none":  # PgBouncer rejects these parameters
        session["statement_timeout"] = f"{settings.database_statement_timeout * 1000:.0f}"
        session["lock_timeout"] = f"{settings.database_lock_timeout * 1000:.0f}"
        session["idle_in_transaction_session_timeout"] = (
            f"{settings.database_idle_timeout * 1000:.0f}"
        )
        # The default, 4, is for hard disks: the planner then chooses a slow index for last pages.
        session["random_page_cost"] = "1.1"
    engine = create_async_engine(
        settings.database_url,
        isolation_level=isolation_level,
        poolclass=FifoPool,
        pool_size=pool_size,
        max_overflow=0,  # an overflow connection starts a new server process each time
        pool_timeout=settings.database_pool_timeout,
        hide_parameters=True,  # errors are logged, and values may be secret
        connect_args=_connect_args(settings, **session),
    )

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse_dead_connection(connection: Any, record: Any, _: object) -> None:
        # Replace a connection that was closed while idle. Unlike a ping, this takes no round trip.
        if is_closed(connection.driver_connection):
            raise DisconnectionError
        if monotonic() - record.info.get("used", monotonic()) > MAX_IDLE:
            try:
                engine.dialect.do_ping(connection)
            except Exception as error:
                raise DisconnectionError from error

    @event.listens_for(engine.sync_engine, "checkin")
    def remember_use(_: object, record: Any) -> None:
        record.info["used"] = monotonic()

    event.listen(engine.sync_engine, "handle_error", reconnect_if_stale)
    return engine


def _connect_args(settings: DatabaseSettings, **session: str) -> dict[str, Any]:
    query = settings.database_url.query
    options = [f"-c {name}={value}" for name, value in session.items()]
    options += [str(query["options"])] if "options" in query else []  # the last one applies
    args: dict[str, Any] = {"options": " ".join(options)} if options else {}
    if "connect_timeout" not in query:
        args["connect_timeout"] = max(2, round(settings.database_connect_timeout))
    args |= {name: value for name, value in KEEPALIVE.items() if name not in query}
    if settings.database_pooler == "transaction":  # a statement belongs to a server session
        args["prepare_threshold"] = None
    return args


def is_closed(connection: AsyncConnection) -> bool:
    if connection.closed:
        return True
    with DefaultSelector() as selector:
        selector.register(connection, EVENT_READ)
        return bool(selector.select(0))  # an idle server sends data only when it disconnects


def reconnect_if_stale(context: ExceptionContext) -> None:
    """Replace all connections after a migration: their prepared statements would fail again."""
    error = context.sqlalchemy_exception
    context.is_disconnect |= isinstance(error, DBAPIError) and code_of(error) == STALE


def reconnect_if_standby(context: ExceptionContext) -> None:
    """Replace all connections if the server is a standby: another one has become the primary."""
    error = context.sqlalchemy_exception
    context.is_disconnect |= isinstance(error, DBAPIError) and code_of(error) in READ_ONLY
