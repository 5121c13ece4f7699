"""Lets one process migrate at a time, without stopping the service.

`alembic -x wait=600 upgrade head` waits longer for the migration of another process, and
`-x lock_timeout=10` for a table that requests use.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

from alembic.util import CommandError
from sqlalchemy import Connection, TextClause, event, text
from sqlalchemy.exc import OperationalError

WAIT = 60.0  # seconds
LOCK_TIMEOUT = 3.0  # seconds; less than DATABASE_LOCK_TIMEOUT, so that requests only wait
POLL = 0.5  # seconds

POSTGRESQL = text("SELECT pg_try_advisory_xact_lock(hashtext('alembic:' || current_database()))")
MYSQL = text("SELECT GET_LOCK(LEFT(CONCAT('alembic:', DATABASE()), 64), 0)")
MYSQL_RELEASE = text("SELECT RELEASE_LOCK(LEFT(CONCAT('alembic:', DATABASE()), 64))")

log = logging.getLogger("alembic.runtime.migration")


@contextmanager
def migration_lock(connection: Connection, arguments: dict[str, str]) -> Generator[None]:
    """Hold the migration lock of the database. Raises CommandError after a time without it."""
    wait = float(arguments.get("wait", WAIT))
    lock_timeout = float(arguments.get("lock_timeout", LOCK_TIMEOUT))
    match connection.dialect.name:
        case "postgresql":
            limit_transactions(connection, lock_timeout)
            # The lock belongs to a transaction of a second connection. Behind a pooler, the lock
            # of a session would stay. And this transaction has no snapshot between statements:
            # CREATE INDEX CONCURRENTLY waits for all older snapshots.
            with connection.engine.connect() as holder:
                holder.execution_options(isolation_level="READ COMMITTED")
                acquire(partial(try_lock, holder, POSTGRESQL), wait)
                # Unlike SELECT, which asyncpg leaves open, SET needs no snapshot.
                holder.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                yield
        case "mysql" | "mariadb":
            connection.execute(text(f"SET SESSION lock_wait_timeout = {lock_timeout:.0f}"))
            acquire(partial(try_lock, connection, MYSQL), wait)
            connection.commit()
            yield
            connection.execute(MYSQL_RELEASE)  # after an error, it ends with the connection
            connection.commit()
        case _:
            acquire(partial(try_transaction, connection), wait)
            yield


def acquire(attempt: Callable[[], bool], wait: float) -> None:
    """Poll: a statement that waits would hold a snapshot."""
    end = time.monotonic() + wait
    waiting = False
    while not attempt():
        if time.monotonic() > end:
            raise CommandError(
                f"Another process has migrated this database for more than {wait:g} seconds. "
                "Run this again when it has ended, or wait longer with `alembic -x wait=SECONDS`."
            )
        if not waiting:
            log.info("Waiting up to %g seconds for the migration of another process", wait)
        waiting = True
        time.sleep(POLL)


def try_lock(connection: Connection, statement: TextClause) -> bool:
    if connection.scalar(statement):
        return True
    connection.rollback()
    return False


def try_transaction(connection: Connection) -> bool:
    """On SQLite, the transaction of the migration is the lock. Try to begin it."""
    try:
        with connection.begin():
            return True
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return False
        raise


def limit_transactions(connection: Connection, lock_timeout: float) -> None:
    """Limit the time that a statement waits for a table, because new requests wait behind it.

    This does not apply to autocommit blocks: CREATE INDEX CONCURRENTLY stops no request.
    """

    @event.listens_for(connection, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {lock_timeout * 1000:.0f}")
