"""Migrations on PostgreSQL: the migration lock, and how long they wait for tables."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, event, text

import migrations.check_names  # registers a plugin with Alembic
import migrations.indexes  # noqa: F401  Alembic finds its class by the dialect
from migrations import autogenerate, defaults, enums, order
from migrations.lock import acquire

LOCK_TIMEOUT = 3.0  # seconds; less than DATABASE_LOCK_TIMEOUT, so that requests do not fail
LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('alembic:' || current_database()))")
AFTER_FAILURE = (
    ": the failed revision was rolled back. If it has an autocommit block, what it ran before the "
    "end of the block stays, such as an index that is INVALID."
)


def create_schemas(
    context: MigrationContext, _: object, scripts: list[ops.MigrationScript]
) -> None:
    """Create the schemas of new tables. A downgrade keeps them, because others may use them."""
    for script in scripts:
        assert script.upgrade_ops is not None
        operations = script.upgrade_ops.ops
        schemas = {o.schema for o in operations if isinstance(o, ops.CreateTableOp) and o.schema}
        for schema in schemas - {context.dialect.default_schema_name}:
            name = context.dialect.identifier_preparer.quote(schema)
            operations.insert(0, ops.ExecuteSQLOp(f"CREATE SCHEMA IF NOT EXISTS {name}"))


OPTIONS: dict[str, Any] = {
    "transaction_per_migration": True,
    "include_schemas": True,
    "render_item": enums.render_item,
    "process_revision_directives": autogenerate.rewriter.chain(order.rewriter)
    .chain(enums.rewriter)
    .chain(defaults.rewriter)
    .chain(create_schemas)
    .chain(autogenerate.skip_empty_revision),
}


def prepare(connection: Connection, arguments: dict[str, str]) -> None:
    """Limit the time that a statement waits for a table, because new requests wait behind it.

    This does not apply to autocommit blocks: CREATE INDEX CONCURRENTLY stops no request.
    """
    seconds = float(arguments.get("lock_timeout", LOCK_TIMEOUT))

    @event.listens_for(connection, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {seconds * 1000:.0f}")


@contextmanager
def migration_lock(connection: Connection, arguments: dict[str, str]) -> Generator[None]:
    """Hold the lock in a transaction on a second connection.

    Behind a pooler, the lock of a session would stay. This transaction has no snapshot between its
    statements, so CREATE INDEX CONCURRENTLY does not wait for it.
    """
    with connection.engine.connect() as holder:
        holder.execution_options(isolation_level="READ COMMITTED")
        acquire(lambda: try_lock(holder), arguments)
        # Unlike SELECT, which asyncpg leaves open, SET needs no snapshot.
        holder.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield


def try_lock(holder: Connection) -> bool:
    if holder.scalar(LOCK):
        return True
    holder.rollback()
    return False
