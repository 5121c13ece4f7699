"""Gives a new column the default of its model in the database, too, so that existing rows get it.

The column keeps it, because an older release of the service does not write the column, and may
still run beside the new one.
"""

import datetime as dt
import logging
from decimal import Decimal
from typing import Any
from uuid import UUID

from alembic.autogenerate import Rewriter
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, ColumnDefault, DefaultClause, Dialect, literal, text

from migrations.sql_text import keep_percent_signs

NO_DEFAULT = """\
%s.%s is required and has no default. If the table has rows, the migration fails, or MySQL writes
an empty value into them. Give the model a default, or allow None, or fill the column in the
revision: add it with nullable=True, update the rows, then alter it."""
PLAIN = {str, bool, int, float, Decimal, dt.date, dt.time, UUID}

log = logging.getLogger(__name__)
rewriter = Rewriter()


@rewriter.rewrites(ops.AddColumnOp)
def fill_new_column(
    context: MigrationContext, _: object, change: ops.AddColumnOp
) -> ops.AddColumnOp:
    column = change.column
    if column.table is None or column.nullable or column.server_default or column.computed:
        return change  # a column that a downgrade adds again, is nullable, or has a value
    default = database_default(column, context.dialect)
    if default is None:
        log.warning(NO_DEFAULT, change.table_name, column.name)
        return change
    change.column = column._copy()
    # Alembic removes these quotes when it writes the revision.
    quoted = f"'{default}'" if isinstance(default, str) else default
    change.column.server_default = DefaultClause(quoted)
    return change


def database_default(column: Column[Any], dialect: Dialect) -> Any:
    """The default of a model, as text or SQL for this database, or None."""
    if not isinstance(column.default, ColumnDefault) or not column.default.is_scalar:
        return None
    value: Any = column.default.arg
    if to_database := column.type.dialect_impl(dialect).bind_processor(dialect):
        value = to_database(value)
    if type(value) not in PLAIN:
        return None
    if "LONGTEXT" in column.type.compile(dialect):  # MySQL accepts an expression only
        dialect = keep_percent_signs(dialect)
        options = {"literal_binds": True}
        return text(f"({literal(value).compile(dialect=dialect, compile_kwargs=options)})")
    return str(int(value)) if isinstance(value, bool) else str(value)
