"""Compares types and defaults as the database writes them, with a temporary table.

MariaDB writes `1` for the default `true`, and SQLite a type that SQLAlchemy does not know. Without
this, `alembic check` would find them changed for ever.
"""

from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, DefaultClause, MetaData, Table, inspect

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


def compare_server_default(
    context: MigrationContext, _: object, wanted: Column[Any], found: str | None, *__: object
) -> bool | None:
    """Alembic hook. It returns whether the default has changed, or None if Alembic knows this."""
    default = find_default(context, wanted, found)
    if default is None:
        return None
    column = Column("column", wanted.type, server_default=default)
    written: str = write_column(context, column)["default"] or ""
    return written.strip("()") != (found or "").strip("()")  # SQLite keeps or adds them


def find_default(context: MigrationContext, wanted: Column[Any], found: str | None) -> Any:
    """The default that a model has in the database, or that its revision has given to the column."""
    if isinstance(wanted.server_default, DefaultClause):
        return wanted.server_default.arg
    if wanted.server_default is None and found is not None:
        return database_default(wanted, context.dialect)
    return None


def write_column(context: MigrationContext, column: Column[Any]) -> Any:
    """What the database makes of a column."""
    connection = context.connection
    assert connection is not None
    table = Table(NAME, MetaData(), column, prefixes=["TEMPORARY"])
    with connection.begin_nested() as savepoint:
        table.create(connection)
        written = inspect(connection).get_columns(NAME)[0]
        savepoint.rollback()  # also the enum that PostgreSQL has created for the table
    table.drop(connection, checkfirst=True)  # MySQL keeps it
    return written
