"""Puts operations that existing rows can make fail before operations that drop something.

MySQL cannot roll back a migration that fails. With this order, you can repair the rows and run the
same revision again.
"""

from collections.abc import Iterator
from enum import IntEnum
from itertools import groupby
from typing import Any

from alembic.autogenerate import Rewriter
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.util.sqla_compat import is_expression_index
from sqlalchemy import Index

from migrations.order import Operations, key, target

Stage = IntEnum("Stage", "REFUSABLE CREATE_TABLE ADD NEEDS_ADDED DROP REPLACE DROP_TABLE")
ADDS = (ops.AddColumnOp, ops.CreateTableCommentOp, ops.DropTableCommentOp)
DROPS = (ops.DropColumnOp, ops.DropConstraintOp, ops.DropIndexOp)

rewriter = Rewriter()


@rewriter.rewrites(ops.UpgradeOps)
@rewriter.rewrites(ops.DowngradeOps)
def sort_into_stages(_: MigrationContext, __: object, operations: Operations) -> Operations:
    created = {key(o) for o in operations.ops if isinstance(o, ops.CreateTableOp)}
    steps = [step for o in operations.ops for step in split(o, created)]
    operations.ops = [o for _, o in sorted(steps, key=lambda step: step[0])]
    return operations


def split(operation: Any, created: set[str]) -> Iterator[tuple[Stage, ops.MigrateOperation]]:
    if isinstance(operation, ops.CreateTableOp):
        yield Stage.CREATE_TABLE, operation
    elif isinstance(operation, ops.DropTableOp):
        yield Stage.DROP_TABLE, operation
    else:
        steps = [(stage_of(o, operation, created), o) for o in operation.ops]
        # Drop a foreign key before the index that it uses, and create it afterwards.
        steps.sort(key=lambda it: (it[0], is_foreign_key(it[1]) != (it[0] is Stage.DROP)))
        for stage, part in groupby(steps, key=lambda step: step[0]):
            parts = [o for _, o in part]
            yield stage, ops.ModifyTableOps(operation.table_name, parts, schema=operation.schema)


def is_foreign_key(operation: Any) -> bool:
    return getattr(operation, "constraint_type", "") == "foreignkey"


def stage_of(operation: Any, table: ops.ModifyTableOps, created: set[str]) -> Stage:
    if isinstance(operation, DROPS):
        return Stage.DROP
    if isinstance(operation, ADDS):
        return Stage.ADD
    drops = [o for o in table.ops if isinstance(o, DROPS)]
    name = name_of(operation)
    if getattr(operation, "modify_type", None) is not None and drops:
        return Stage.REPLACE
    if name is not None and name in {name_of(o) for o in drops}:
        return Stage.REPLACE
    added = {o.column.name for o in table.ops if isinstance(o, ops.AddColumnOp)}
    if key(table) in created or uses(operation, added, created):
        return Stage.NEEDS_ADDED
    return Stage.REFUSABLE


def name_of(operation: Any) -> str | None:
    return getattr(operation, "constraint_name", None) or getattr(operation, "index_name", None)


def uses(operation: Any, columns: set[str], tables: set[str]) -> bool:
    """Return whether an operation uses one of these columns or tables."""
    if isinstance(operation, ops.AlterColumnOp):
        return operation.column_name in columns
    if is_foreign_key(operation) and target(operation.to_constraint()) in tables:
        return True
    item = operation.to_index() if hasattr(operation, "to_index") else operation.to_constraint()
    names = {column.name for column in item.columns}
    # The names of the columns in a CHECK or in an expression are not known.
    unknown = not names or (isinstance(item, Index) and is_expression_index(item))
    return bool(columns) and (unknown or bool(names & columns))
