"""The engines for PostgreSQL, with asyncpg."""

from time import monotonic
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, ExceptionContext, NullPool, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db.error_codes import READ_ONLY, STALE, code_of
from app.db.keepalive import set_keepalive
from app.db.pool import FifoPool
from app.db.settings import DatabaseSettings

NEXT_HOST = OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched
MAX_IDLE = 30  # seconds; a firewall may drop a connection that is idle for longer


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
        _address(settings), poolclass=NullPool, connect_args=_connect_args(settings)
    )


def _create(
    settings: DatabaseSettings, pool_size: int, isolation_level: Any, **session: str
) -> AsyncEngine:
    if settings.database_pooler == "none":  # PgBouncer rejects these parameters
        session["statement_timeout"] = f"{settings.database_statement_timeout * 1000:.0f}"
        session["lock_timeout"] = f"{settings.database_lock_timeout * 1000:.0f}"
        idle = f"{settings.database_idle_timeout * 1000:.0f}"
        session["idle_in_transaction_session_timeout"] = idle
        # The default, 4, is for hard disks: the planner then chooses a slow index for last pages.
        session["random_page_cost"] = "1.1"
    engine = create_async_engine(
        _address(settings),
        isolation_level=isolation_level,
        poolclass=FifoPool,
        pool_size=pool_size,
        max_overflow=0,  # an overflow connection starts a new server process each time
        pool_timeout=settings.database_pool_timeout,
        hide_parameters=True,  # errors are logged, and values may be secret
        connect_args=_connect_args(settings, **session),
    )
    event.listen(engine.sync_engine, "checkout", refuse_dead_connection)
    event.listen(engine.sync_engine, "checkin", remember_use)
    event.listen(engine.sync_engine, "handle_error", reconnect_if_stale)
    return engine


def _address(settings: DatabaseSettings) -> URL:
    """The URL without the parameters that SQLAlchemy would pass on as arguments."""
    query = settings.database_url.query
    return settings.database_url.set(
        query={name: query[name] for name in ("host", "port") if name in query}
    )


def _connect_args(settings: DatabaseSettings, **session: str) -> dict[str, Any]:
    query = {**settings.database_url.query}
    timeout = query.pop("connect_timeout", settings.database_connect_timeout)
    options = [f"-c {name}={value}" for name, value in session.items()]
    if "options" in query:
        options.append(str(query.pop("options")))  # last, so that it takes precedence
    args: dict[str, Any] = {
        "async_creator_fn": connect,
        "timeout": float(str(timeout)),
        "server_settings": {"options": " ".join(options)} if options else {},
    }
    if parameters := query.keys() - {"host", "port"}:  # asyncpg understands them in a DSN
        args["dsn"] = "postgresql://?" + urlencode({name: query[name] for name in parameters})
    if settings.database_pooler == "transaction":  # a statement belongs to a server session
        args |= {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": unique_name,
        }
    return args


def unique_name() -> str:
    return f"__asyncpg_{uuid4()}__"


async def connect(host: Any = None, port: Any = None, **kwargs: Any) -> Any:
    """Connect to the first host that accepts it, each within the timeout.

    Turn an OSError into a database error, as the other drivers do.
    """
    several = isinstance(host, list)
    for address in zip(host, port, strict=True) if several else [(host, port)]:
        try:
            connection = await asyncpg.connect(host=address[0], port=address[1], **kwargs)
            set_keepalive(connection._transport)
            # Without this, a large executemany() waits forever if its connection is lost.
            connection.add_termination_listener(lambda lost: lost._protocol.resume_writing())
            return connection
        except NEXT_HOST as error:
            failure = error
    raise asyncpg.CannotConnectNowError(f"Cannot connect: {failure}") from failure


def refuse_dead_connection(connection: Any, record: Any, _: object) -> None:
    """Replace a connection that was closed while idle. Unlike a ping, this takes no round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
    if monotonic() - record.info.get("used", monotonic()) > MAX_IDLE:
        try:
            connection.ping()
        except Exception as error:
            raise DisconnectionError from error


def remember_use(_: object, record: Any) -> None:
    record.info["used"] = monotonic()


def reconnect_if_stale(context: ExceptionContext) -> None:
    """Replace all connections after a migration: their prepared statements would fail again."""
    error = context.sqlalchemy_exception
    context.is_disconnect |= isinstance(error, DBAPIError) and code_of(error) == STALE


def reconnect_if_standby(context: ExceptionContext) -> None:
    """Replace all connections if the server is a standby: another one has become the primary."""
    error = context.sqlalchemy_exception
    context.is_disconnect |= isinstance(error, DBAPIError) and code_of(error) in READ_ONLY
