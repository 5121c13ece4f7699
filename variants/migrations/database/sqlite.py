"""Migrations on SQLite: all of them in one transaction. One process can write at a time."""

import sqlite3
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from alembic.operations import ops
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from migrations import autogenerate, defaults, table_copies
from migrations.lock import acquire, seconds_to_wait
from migrations.render_item import render_item

AFTER_FAILURE = ": the failed revision was rolled back."
FOREIGN_KEYS = """\
The shared connection checks foreign keys. A migration that creates a table again would delete the
rows that refer to it: run `PRAGMA foreign_keys = OFF` on the connection first."""


def drop_tables_last(_: object, __: object, scripts: list[ops.MigrationScript]) -> None:
    """Alembic drops a table before it changes those that refer to it."""
    for script in scripts:
        assert script.upgrade_ops is not None
        script.upgrade_ops.ops.sort(key=lambda it: isinstance(it, ops.DropTableOp))


OPTIONS: dict[str, Any] = {
    "render_as_batch": True,
    "transactional_ddl": True,
    "render_item": render_item,
    "process_revision_directives": autogenerate.rewriter.chain(defaults.rewriter)
    .chain(drop_tables_last)
    .chain(autogenerate.skip_empty_revision),
}


def prepare(connection: Connection, _: object) -> None:
    """Raise CommandError if the migration could delete rows."""
    warnings.filterwarnings("ignore", table_copies.HANDLED)
    begun = connection.in_transaction()
    if connection.scalar(text("PRAGMA foreign_keys")):
        raise CommandError(FOREIGN_KEYS)
    if not begun:
        connection.rollback()  # ends the transaction that the PRAGMA has begun


@contextmanager
def migration_lock(connection: Connection, arguments: dict[str, str]) -> Generator[None]:
    acquire(lambda: try_transaction(connection, arguments), arguments)
    yield


def try_transaction(connection: Connection, arguments: dict[str, str]) -> bool:
    """Return whether no other process writes. The transaction of the migration is the lock."""
    try:
        with connection.begin():
            # Another process may begin its migration first.
            milliseconds = seconds_to_wait(arguments) * 1000
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds:.0f}")
            return True
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return False
        raise
