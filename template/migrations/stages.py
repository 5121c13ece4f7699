"""When an operation runs: before the tables are created, or after something is dropped."""

from collections.abc import Collection
from enum import IntEnum

from alembic.operations import ops
from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.schema import ColumnCollectionConstraint

Stage = IntEnum("Stage", "REFUSABLE CREATE_TABLE ADD NEEDS_ADDED DROP REPLACE DROP_TABLE")
TableOp = ops.CreateTableOp | ops.DropTableOp | ops.ModifyTableOps
DROPS = (ops.DropColumnOp, ops.DropConstraintOp, ops.DropIndexOp)


def key(operation: TableOp) -> str:
    return (
        f"{operation.schema}.{operation.table_name}" if operation.schema else operation.table_name
    )


def target(constraint: ForeignKeyConstraint) -> str:
    return constraint.elements[0].target_fullname.rpartition(".")[0]


def place(
    operation: ops.MigrateOperation, change: ops.ModifyTableOps, created: Collection[str]
) -> tuple[Stage, bool]:
    """The stage of an operation, and whether it comes later in there.

    Drop a foreign key before the index that it uses, and create it afterwards.
    """
    if isinstance(operation, DROPS):
        return Stage.DROP, getattr(operation, "constraint_type", "") != "foreignkey"
    if isinstance(operation, ops.AddColumnOp):
        return Stage.ADD, False
    later = isinstance(operation, ops.CreateForeignKeyOp)
    added = {o.column.name for o in change.ops if isinstance(o, ops.AddColumnOp)}
    if any(replaces(operation, other) for other in change.ops if isinstance(other, DROPS)):
        return Stage.REPLACE, later
    if key(change) in created or references(operation) in created:
        return Stage.NEEDS_ADDED, later
    if added & columns_of(operation) or (added and not columns_of(operation)):
        return Stage.NEEDS_ADDED, later
    return Stage.REFUSABLE, later


def replaces(operation: ops.MigrateOperation, dropped: ops.MigrateOperation) -> bool:
    """Whether it has the name of what is dropped, or changes the type of a column in there."""
    if isinstance(operation, ops.AlterColumnOp):
        columns = columns_of(dropped)
        return operation.modify_type is not None and (
            operation.column_name in columns or not columns
        )
    name = name_of(operation)
    return name is not None and name == name_of(dropped)


def name_of(operation: ops.MigrateOperation) -> str | None:
    name = getattr(operation, "constraint_name", None) or getattr(operation, "index_name", None)
    return None if name is None else str(name)


def references(operation: ops.MigrateOperation) -> str | None:
    if isinstance(operation, ops.CreateForeignKeyOp):
        return target(operation.to_constraint())
    return None


def columns_of(operation: ops.MigrateOperation) -> set[str]:
    """The columns that it changes or uses. They are unknown for a CHECK, which is SQL."""
    if isinstance(operation, ops.AlterColumnOp | ops.DropColumnOp):
        return {operation.column_name}
    if isinstance(operation, ops.CreateIndexOp | ops.DropIndexOp):
        return {column.name for column in operation.to_index().columns}
    if isinstance(operation, ops.AddConstraintOp | ops.DropConstraintOp):
        found = operation.to_constraint()
        return set(found.columns.keys()) if isinstance(found, ColumnCollectionConstraint) else set()
    return set()
