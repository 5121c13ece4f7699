"""Creates, extends and drops PostgreSQL's enum types, which Alembic leaves to you.

Alembic would neither create the type of a column that is added to a table, nor add a new value, nor
drop a type. A value that you remove from an enum stays in its type: PostgreSQL cannot drop values.
"""

from collections.abc import Iterable, Iterator
from copy import copy
from typing import Any, Literal

from alembic.autogenerate import Rewriter
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type as render_with_alembic
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import ARRAY, Dialect, Enum, inspect
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine
from sqlmodel import SQLModel

from migrations import render_item as other_types
from migrations.enum_types import AddValuesOp, add_values, create, execute, quote_name

TWO_ENUMS = """\
Two enums have the name {name}, and PostgreSQL would make them one type: {values} and {others}.
Name one of them: sa_type=Enum(…, name="another_name")."""

rewriter = Rewriter()


def render_item(kind: str, value: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Alembic hook. Tables do not create enums, because several tables can use the same one."""
    if kind == "type" and not isinstance(value, ARRAY):
        enum = find_enum(value, autogenerate.migration_context.dialect)
        if enum is not None and enum.create_type:
            plain = copy(enum)
            plain.create_type = False
            return render_with_alembic(plain, autogenerate)
    return other_types.render_item(kind, value, autogenerate)


def find_enum(kind: TypeEngine[Any], dialect: Dialect) -> Enum | None:
    """The enum of a column, also inside an array or a decorator."""
    kind = kind._variant_mapping.get("postgresql", kind)
    if isinstance(kind, TypeDecorator):
        return find_enum(kind.load_dialect_impl(dialect), dialect)
    if isinstance(kind, ARRAY):
        return find_enum(kind.item_type, dialect)
    return kind if isinstance(kind, Enum) and kind.native_enum else None


@rewriter.rewrites(ops.MigrationScript)
def review_enums(
    context: MigrationContext, _: object, script: ops.MigrationScript
) -> ops.MigrationScript:
    dialect, upgrade, downgrade = context.dialect, script.upgrade_ops, script.downgrade_ops
    assert context.connection is not None and upgrade is not None and downgrade is not None
    tables = SQLModel.metadata.tables.values()
    wanted = find_enums((it.type for table in tables for it in table.columns), dialect)
    unused = find_enums(former_types(upgrade), dialect)
    inspector: Any = inspect(context.connection)
    found = {
        quote_name(it["name"], it["schema"], dialect): it["labels"]
        for it in inspector.get_enums("*")
    }
    for name in unused.keys() - wanted.keys():
        upgrade.ops.append(execute(f"DROP TYPE {name}"))
        downgrade.ops.insert(0, create(name, unused[name]))
    for name in wanted.keys() - found.keys():
        upgrade.ops.insert(0, create(name, wanted[name]))
        downgrade.ops.append(execute(f"DROP TYPE {name}"))
    added = [
        statement
        for name in wanted.keys() & found.keys()
        for statement in add_values(name, found[name], wanted[name])
    ]
    if added:
        upgrade.ops.insert(0, AddValuesOp(added))
    return script


@rewriter.rewrites(ops.AlterColumnOp)
def convert_values(
    context: MigrationContext, _: object, change: ops.AlterColumnOp
) -> list[ops.MigrateOperation]:
    """Convert text to an enum, and one enum to another, with a USING clause."""
    dialect, new = context.dialect, change.modify_type
    old = change.existing_type or NullType()
    if new is None or not (find_enum(old, dialect) or find_enum(new, dialect)):
        return [change]
    table = quote_name(change.table_name, change.schema, dialect)
    column, kind = quote_name(change.column_name, None, dialect), new.compile(dialect=dialect)
    convert = execute(
        f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} USING {column}::text::{kind}"
    )
    change.existing_type, change.modify_type = new, None
    if not change.has_changes():
        return [convert]
    # A default has the former type: drop it before, and set it afterwards.
    return [change, convert] if change.modify_server_default is None else [convert, change]


def find_enums(columns: Iterable[TypeEngine[Any]], dialect: Dialect) -> dict[str, list[str]]:
    """The enums of these columns by name, with their values."""
    found: dict[str, list[str]] = {}
    for enum in filter(None, (find_enum(it, dialect) for it in columns)):
        name = quote_name(str(enum.name), enum.schema, dialect)
        values = found.setdefault(name, enum.enums)
        if values != enum.enums:
            raise CommandError(TWO_ENUMS.format(name=name, values=values, others=enum.enums))
    return found


def former_types(operations: ops.OpContainer) -> Iterator[TypeEngine[Any]]:
    """The types of columns that are dropped, or get another type."""
    for operation in operations.ops:
        if isinstance(operation, ops.OpContainer):
            yield from former_types(operation)
        elif isinstance(operation, ops.DropTableOp):
            yield from (column.type for column in operation.to_table().columns)
        elif isinstance(operation, ops.DropColumnOp):
            yield operation.to_column().type
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
            yield operation.existing_type or NullType()
