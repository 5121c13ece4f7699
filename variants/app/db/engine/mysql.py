"""The engines for MySQL and MariaDB."""

import asyncio
{% if db_driver == "asyncmy" %}
from math import inf
{% endif %}
from typing import Any{{ ", Self" if db_driver == "aiomysql" else "" }}

{% if db_driver == "aiomysql" %}
import aiomysql
from aiomysql import OperationalError
from pymysql.constants import CLIENT
{% else %}
import asyncmy
from asyncmy.converters import conversions, escape_float
from asyncmy.errors import OperationalError
{% endif %}
from sqlalchemy import ExceptionContext, NullPool, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import PoolResetState

from app.db.error_codes import NO_QUORUM, UNAVAILABLE, code_of
from app.db.keepalive import set_keepalive
from app.db.pool import FifoPool
from app.db.settings import DatabaseSettings
from app.db.url_parameters import hosts_of, tls_context


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for transactions."""
    return _create(
        settings, settings.database_write_pool, settings.database_isolation_level, "READ WRITE"
    )


def create_reader(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for read-only units of work: autocommit, and the server refuses writes."""
    return _create(settings, settings.database_read_pool, "AUTOCOMMIT", "READ ONLY")


def create_migrator(settings: DatabaseSettings) -> AsyncEngine:
    """Create the engine for migrations: one connection."""
    url = settings.migrations_database_url or settings.database_url
    settings = settings.model_copy(update={"database_url": url})
    return create_async_engine(
        settings.database_url.set(query={}),
        poolclass=NullPool,
        connect_args=_connect_args(settings),
    )


def _create(
    settings: DatabaseSettings, pool_size: int, isolation_level: Any, access: str
) -> AsyncEngine:
    engine = create_async_engine(
        settings.database_url.set(query={}),
        isolation_level=isolation_level,
        poolclass=FifoPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout,
        hide_parameters=True,  # errors are logged, and values may be secret
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
        lock = settings.database_lock_timeout
        statement = settings.database_statement_timeout
        cursor.execute(  # MariaDB runs only the first comment, MySQL only the second
            f"SET SESSION innodb_lock_wait_timeout = {lock}, lock_wait_timeout = {lock}"
            f"/*M!100101 , max_statement_time = {statement} */"
            f"/*!50708 , max_execution_time = {statement * 1000:.0f} */"
        )
        if sync_wait := settings.database_wsrep_sync_wait:
            cursor.execute(f"SET SESSION wsrep_sync_wait = {sync_wait}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "reset")
    def reset(connection: Any, _: object, state: PoolResetState) -> None:
        # The status of the last response shows whether a transaction is open. A needless ROLLBACK
        # would cost each request a round trip.
        if not state.terminate_only and connection.driver_connection.get_transaction_status():
            connection.rollback()

    event.listen(engine.sync_engine, "handle_error", reconnect_without_quorum)
    return engine


def _connect_args(settings: DatabaseSettings) -> dict[str, Any]:
    query = settings.database_url.query
    timeout = query.get("connect_timeout", settings.database_connect_timeout)
    args: dict[str, Any] = {
        "async_creator_fn": connect,
        "charset": "utf8mb4",
        "connect_timeout": int(str(timeout)),
        "hosts": hosts_of(settings.database_url),
        "init_command": "DO 1",  # a node without a quorum accepts connections, but no statements
{% if db_driver == "asyncmy" %}
        "conv": conversions | {float: escape_finite},
{% endif %}
        "ssl": tls_context(settings.database_url),
    }
    if "unix_socket" in query:
        args["unix_socket"] = query["unix_socket"]
    return args


async def connect(hosts: list[tuple[str, int]], **args: Any) -> Any:
    """Connect to the first host that is available, each within the timeout."""
    for host, port in hosts:
        try:
            return await connect_to(**args | {"host": host, "port": port})
        except OperationalError as error:
            if error.args[0] not in UNAVAILABLE:
                raise
            failure = error
    raise failure


async def connect_to(**args: Any) -> Any:
    """Connect within the timeout, which the driver applies only to the first step."""
    try:
        async with asyncio.timeout(args["connect_timeout"]):
            connection: Any = await {{ "asyncmy.connect(**args)" if db_driver == "asyncmy" else "Connection.open(**args)" }}
    except TimeoutError as error:
        raise OperationalError(2003, "The server does not answer") from error
    set_keepalive(connection.{{ "_transport" if db_driver == "asyncmy" else "_writer" }})
    return connection


def reconnect_without_quorum(context: ExceptionContext) -> None:
    """Replace all connections if the node has lost its cluster: another node may have a quorum."""
    error = context.sqlalchemy_exception
    context.is_disconnect |= isinstance(error, DBAPIError) and code_of(error) == NO_QUORUM


{% include "variants/app/db/engine/mysql_" ~ db_driver ~ ".py" %}
