"""Migrations on MySQL and MariaDB: the migration lock, and how long they wait for tables."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

import migrations.check_names  # registers a plugin with Alembic
import migrations.indexes  # noqa: F401  Alembic finds its class by the dialect
from migrations import autogenerate, defaults, order, stages
from migrations.lock import acquire
from migrations.render_item import render_item

LOCK_TIMEOUT = 3.0  # seconds; less than DATABASE_LOCK_TIMEOUT, so that requests do not fail
LOCK = text("SELECT GET_LOCK(LEFT(CONCAT('alembic:', DATABASE()), 64), 0)")
RELEASE = text("SELECT RELEASE_LOCK(LEFT(CONCAT('alembic:', DATABASE()), 64))")
AFTER_FAILURE = (
    ", plus the changes of the next revision before it failed: MySQL cannot roll them back. Undo "
    "them by hand."
)

OPTIONS: dict[str, Any] = {
    "transaction_per_migration": True,
    "render_item": render_item,
    "process_revision_directives": autogenerate.rewriter.chain(order.rewriter)
    .chain(stages.rewriter)
    .chain(defaults.rewriter)
    .chain(autogenerate.skip_empty_revision),
}


def prepare(connection: Connection, arguments: dict[str, str]) -> None:
    """Limit the time that a statement waits for a table, because new requests wait behind it."""
    seconds = float(arguments.get("lock_timeout", LOCK_TIMEOUT))
    connection.execute(text(f"SET SESSION lock_wait_timeout = {seconds:.0f}"))
    connection.commit()


@contextmanager
def migration_lock(connection: Connection, arguments: dict[str, str]) -> Generator[None]:
    acquire(lambda: try_lock(connection), arguments)
    yield
    connection.execute(RELEASE)  # after an error, the lock ends with the connection
    connection.commit()


def try_lock(connection: Connection) -> bool:
    locked = connection.scalar(LOCK)
    connection.commit()
    return bool(locked)
