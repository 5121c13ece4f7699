"""Converts the values of PostgreSQL's columns that get a type of another family."""

from typing import Any

from alembic.operations import ops
from sqlalchemy import DefaultClause, Dialect
from sqlalchemy.types import NullType

from migrations.named_types import named_types
from migrations.postgresql import DIALECT, convert, execute, quote, quote_name


def convert_columns(operations: ops.OpContainer, dialect: Dialect) -> None:
    """Say how to convert values, where PostgreSQL does not know: from text to an enum."""
    for table in operations.ops:
        if not isinstance(table, ops.ModifyTableOps):
            continue
        steps: list[ops.MigrateOperation] = []
        for step in table.ops:
            if isinstance(step, ops.AlterColumnOp) and step.modify_type is not None:
                old, new = step.existing_type or NullType(), step.modify_type
                named = named_types([old], dialect) or named_types([new], dialect)
                if named or old._type_affinity is not new._type_affinity:
                    name = quote_name(step.table_name, step.schema)
                    kind = new.compile(dialect=DIALECT)
                    default = default_of(step.existing_server_default)
                    column = quote_name(step.column_name)
                    steps += execute(
                        [convert(name, column, kind, default, "text" if named else "")]
                    )
                    step.existing_type, step.modify_type = new, None
            if not isinstance(step, ops.AlterColumnOp) or step.has_changes():
                steps.append(step)
        table.ops = steps


def default_of(clause: Any) -> str | None:
    if not isinstance(clause, DefaultClause):
        return None
    if isinstance(clause.arg, str):
        return quote(clause.arg)
    return str(clause.arg.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
