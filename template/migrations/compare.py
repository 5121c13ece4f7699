"""Compares types and defaults as the database writes them.

MariaDB writes `1` for the default `true`, and SQLite a type that SQLAlchemy does not know. Without
this module, `alembic check` would always report them as changed.
"""

from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import AlterColumnOp
from alembic.runtime.migration import MigrationContext
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from sqlalchemy import Column, DefaultClause, MetaData, Table, inspect
from sqlalchemy.exc import DBAPIError

from migrations.defaults import database_default

NAME = "alembic_compare"


def compare_type(
    context: MigrationContext, found: Column[Any], wanted: Column[Any], *_: object
) -> bool:
    """Alembic hook. It returns whether the type of a column has changed."""
    if not context.impl.compare_type(found, wanted):
        return False
    written = write_column(context, Column("column", wanted.type))["type"]
    return str(written.compile(context.dialect)) != str(found.type.compile(context.dialect))


def compare_default(
    autogenerate: AutogenContext,
    change: AlterColumnOp,
    _schema: str | None,
    _table: str,
    _column: str,
    found: Column[Any],
    wanted: Column[Any],
) -> PriorityDispatchResult:
    """Compare the defaults of a column, before Alembic does. Computed columns are left to it."""
    if not isinstance(found.server_default, DefaultClause | None):
        return PriorityDispatchResult.CONTINUE
    context = autogenerate.migration_context
    text = str(found.server_default.arg) if found.server_default is not None else None
    if (default := find_default(context, wanted, text)) is None:
        return PriorityDispatchResult.CONTINUE
    column = Column("column", wanted.type, server_default=default)
    try:
        written = write_column(context, column)["default"] or ""
    except DBAPIError:  # for example, the enum in the database does not have this value yet
        written = None
    change.existing_server_default = found.server_default
    # SQLite keeps the parentheses of a default, or adds some.
    if written is None or written.strip("()") != (text or "").strip("()"):
        change.modify_server_default = wanted.server_default
    return PriorityDispatchResult.STOP


def find_default(context: MigrationContext, wanted: Column[Any], found: str | None) -> Any:
    """The default of a model in the database, or the one that its revision gave to the column."""
    if isinstance(wanted.server_default, DefaultClause):
        return wanted.server_default.arg
    if wanted.server_default is None and found is not None:
        return database_default(wanted, context.dialect)
    return None


def write_column(context: MigrationContext, column: Column[Any]) -> Any:
    """Create a column in a temporary table, and return how the database describes it."""
    connection = context.connection
    assert connection is not None
    table = Table(NAME, MetaData(), column, prefixes=["TEMPORARY"])
    with connection.begin_nested() as savepoint:
        table.create(connection)
        written = inspect(connection).get_columns(NAME)[0]
        savepoint.rollback()  # also drops the enum that PostgreSQL has created for the table
    table.drop(connection, checkfirst=True)  # MySQL does not roll back CREATE TABLE
    return written


plugin = Plugin("migrations.compare")
# Alembic's option with the same purpose fails for computed and identity columns.
plugin.add_autogenerate_comparator(
    compare_default, "column", "server_default", priority=DispatchPriority.FIRST
)
