"""Reviews what Alembic has found, so that a revision is complete and the database accepts it."""

from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import CheckConstraint, Column, Connection
from sqlmodel import SQLModel

from migrations.conversions import convert_columns
from migrations.named_types import review_named_types
from migrations.order import sort_operations
from migrations.postgresql import extension_of
from migrations.trial import find_refusal

ID_TYPE_CHANGED = """\
{table}.id is {old} in the database and {new} in the models, and no migration converts ids.
If you have no rows to keep, delete the database and migrations/versions/*.py, and run
`just revision "initial"`. Otherwise go back to the previous id_type, or copy the rows into a new
database with a script."""
NO_SCHEMAS = """\
The table {table} is in the schema {schema}. Only PostgreSQL has schemas: remove it from
__table_args__."""
REFUSED = """\
The database refuses the type of {table}.{column}: {reason}
Use another type, or one for each database: JSON().with_variant(JSONB(), "postgresql")."""


def review_operations(
    context: MigrationContext, _: object, scripts: list[ops.MigrationScript]
) -> None:
    """Alembic hook. It runs before a revision is written, and in `alembic check`."""
    connection = context.connection
    assert connection is not None
    for script in scripts:
        assert script.upgrade_ops is not None and script.downgrade_ops is not None
        both = (script.upgrade_ops, script.downgrade_ops)
        for operations in both:
            for change in [o for o in operations.ops if isinstance(o, ops.ModifyTableOps)]:
                reject_id_changes(change)
                skip_checks_of_added_columns(change)
        columns = list(new_columns(script.upgrade_ops.ops))
        reject_columns(columns, connection)
        for operations in both:
            sort_operations(operations, batch=connection.dialect.name == "sqlite")
        if connection.dialect.name == "postgresql":
            first = list(create_first(script.upgrade_ops.ops, columns, connection))
            review_named_types(connection, script, SQLModel.metadata)
            script.upgrade_ops.ops[:0] = first
            for operations in both:
                convert_columns(operations, connection.dialect)
    keep_percent_signs(context)


def new_columns(operations: Iterable[ops.MigrateOperation]) -> Iterator[tuple[str, Column[Any]]]:
    """The columns that are added or get another type, with the names of their tables."""
    for operation in operations:
        if isinstance(operation, ops.ModifyTableOps):
            yield from new_columns(operation.ops)
        elif isinstance(operation, ops.CreateTableOp):
            columns = [it for it in operation.columns if isinstance(it, Column)]
            yield from ((operation.table_name, column) for column in columns)
        elif isinstance(operation, ops.AddColumnOp):
            yield operation.table_name, operation.column
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
            yield operation.table_name, Column(operation.column_name, operation.modify_type)


def reject_columns(columns: Iterable[tuple[str, Column[Any]]], connection: Connection) -> None:
    """Raise CommandError for a type or a schema that the database does not have."""
    for table in SQLModel.metadata.tables.values():
        if table.schema and connection.dialect.name != "postgresql":
            raise CommandError(NO_SCHEMAS.format(table=table.name, schema=table.schema))
    for name, column in columns:
        if (reason := find_refusal(column, connection)) is not None:
            raise CommandError(REFUSED.format(table=name, column=column.name, reason=reason))


def reject_id_changes(table: ops.ModifyTableOps) -> None:
    """Raise CommandError: no database can convert the type of ids that other tables reference."""
    for change in table.ops:
        if isinstance(change, ops.AlterColumnOp) and change.column_name == "id":
            old, new = change.existing_type, change.modify_type
            if old and new and (old.python_type is int) != (new.python_type is int):
                raise CommandError(ID_TYPE_CHANGED.format(table=table.table_name, old=old, new=new))


def skip_checks_of_added_columns(change: ops.ModifyTableOps) -> None:
    """Adding a column also adds the CHECK of its type, so it must not be added twice."""
    added = [o.column for o in change.ops if isinstance(o, ops.AddColumnOp)]
    names = {
        check.name
        for column in added
        for check in (column.table.constraints if column.table is not None else ())
        if isinstance(check, CheckConstraint) and check._type_bound and column.name in check.columns
    }
    change.ops = [
        o
        for o in change.ops
        if not isinstance(o, ops.CreateCheckConstraintOp) or o.constraint_name not in names
    ]


def keep_percent_signs(context: MigrationContext) -> None:
    """Render SQL without the doubled `%` of some drivers: a migration would double it again."""
    context.dialect = context.impl.dialect = dialect = copy(context.dialect)
    dialect.identifier_preparer = copy(dialect.identifier_preparer)
    dialect.identifier_preparer._double_percents = False


def create_first(
    operations: Iterable[ops.MigrateOperation],
    columns: Iterable[tuple[str, Column[Any]]],
    connection: Connection,
) -> Iterator[ops.ExecuteSQLOp]:
    """Create the schemas and extensions of new tables and columns. A downgrade leaves them."""
    schemas = {o.schema for o in operations if isinstance(o, ops.CreateTableOp) and o.schema}
    for schema in sorted(schemas - {connection.dialect.default_schema_name}):
        name = connection.dialect.identifier_preparer.quote(schema)
        yield ops.ExecuteSQLOp(f"CREATE SCHEMA IF NOT EXISTS {name}")
    extensions = {extension_of(column.type, connection.dialect) for _, column in columns}
    for extension in sorted(filter(None, extensions)):
        yield ops.ExecuteSQLOp(f"CREATE EXTENSION IF NOT EXISTS {extension}")
