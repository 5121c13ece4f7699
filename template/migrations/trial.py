"""Asks the database what it makes of a column, by a temporary table.

Only the database knows what it refuses, and how it writes a type or a default: MariaDB writes `1`
for the default `true`, which Alembic alone would find changed for ever.
"""

from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.runtime.plugins import Plugin
from alembic.util import PriorityDispatchResult
from sqlalchemy import Column, Connection, DefaultClause, Enum, MetaData, Table, inspect, text
from sqlalchemy.exc import SQLAlchemyError, UnsupportedCompilationError

from migrations.named_types import named_types
from migrations.postgresql import extension_of

NAME = "alembic_trial"


def find_refusal(column: Column[Any], connection: Connection) -> str | None:
    """Why the database refuses a table with this column."""
    if isinstance(column.type, Enum) and column.type._variant_mapping:
        return "SQLAlchemy loses the variants of an Enum. Begin with the other type."
    try:
        column.type.compile(dialect=connection.dialect)
        if not named_types([column.type], connection.dialect):  # a migration creates those first
            try_column(column, connection)
    except (AttributeError, UnsupportedCompilationError):
        return f"{connection.dialect.name} has no type {type(column.type).__name__}."
    except SQLAlchemyError as error:
        return str(getattr(error, "orig", error)).splitlines()[0]
    return None


def try_column(column: Column[Any], connection: Connection) -> tuple[str, str | None]:
    """The type and the default of the column, as the database writes them."""
    tried = Column(column.name, column.type, nullable=column.nullable)
    if isinstance(column.server_default, DefaultClause):
        tried.server_default = DefaultClause(column.server_default.arg)
    table = Table(NAME, MetaData(), tried, prefixes=["TEMPORARY"])
    transaction = connection.begin_nested()
    try:
        if extension := extension_of(column.type, connection.dialect):
            connection.execute(text(f"CREATE EXTENSION IF NOT EXISTS {extension}"))
        table.create(connection)
        found = inspect(connection).get_columns(NAME)[0]
    finally:
        transaction.rollback()
        if connection.dialect.name in {"mysql", "mariadb"}:  # its tables outlive a rollback
            connection.execute(text(f"DROP TEMPORARY TABLE IF EXISTS {NAME}"))
    return found["type"].compile(dialect=connection.dialect), found["default"]


def compare_types(context: AutogenContext, *operands: Any) -> PriorityDispatchResult:
    """Alembic hook. It stops Alembic's own comparison if the database writes both types alike."""
    found, wanted = operands[-2:]
    if not context.migration_context.impl.compare_type(found, wanted):
        return PriorityDispatchResult.CONTINUE
    return stop_if(found.type.compile(dialect=context.dialect), 0, wanted, context)


def compare_defaults(context: AutogenContext, *operands: Any) -> PriorityDispatchResult:
    """Alembic hook. It stops Alembic's own comparison if the database writes both alike."""
    found, wanted = (column.server_default for column in operands[-2:])
    if not isinstance(found, DefaultClause | None) or not isinstance(wanted, DefaultClause):
        return PriorityDispatchResult.CONTINUE
    return stop_if("" if found is None else str(found.arg), 1, operands[-1], context)


def stop_if(
    written: str, place: int, wanted: Column[Any], context: AutogenContext
) -> PriorityDispatchResult:
    assert context.connection is not None
    try:
        tried = try_column(wanted, context.connection)[place] or ""
    except SQLAlchemyError:
        return PriorityDispatchResult.CONTINUE
    equal = tried.strip("()") == written.strip("()")  # SQLite keeps or adds them
    return PriorityDispatchResult.STOP if equal else PriorityDispatchResult.CONTINUE


plugin = Plugin(__name__)
plugin.add_autogenerate_comparator(compare_types, "column", "types")
plugin.add_autogenerate_comparator(compare_defaults, "column", "server_default")
