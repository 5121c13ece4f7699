"""Puts the operations of a revision into an order that a database server accepts.

Alembic drops a table before it changes the tables that refer to it, and cannot sort tables that
refer to each other.
"""

from collections.abc import Iterable, Iterator

from alembic.autogenerate import Rewriter
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint

from migrations.sql_text import keep_percent_signs

Operations = ops.UpgradeOps | ops.DowngradeOps
TableOp = ops.CreateTableOp | ops.DropTableOp

rewriter = Rewriter()


@rewriter.rewrites(ops.UpgradeOps)
@rewriter.rewrites(ops.DowngradeOps)
def sort_operations(context: MigrationContext, _: object, operations: Operations) -> Operations:
    context.dialect = context.impl.dialect = keep_percent_signs(context.dialect)
    created = sort_tables(o for o in operations.ops if isinstance(o, ops.CreateTableOp))
    dropped = sort_tables(o for o in operations.ops if isinstance(o, ops.DropTableOp))
    changes = [o for o in operations.ops if isinstance(o, ops.ModifyTableOps)]
    changes += [*separate_foreign_keys(created), *separate_foreign_keys(dropped)]
    operations.ops = [*created, *changes, *reversed(dropped)]
    return operations


def key(table: TableOp | ops.ModifyTableOps) -> str:
    return ".".join(filter(None, (table.schema, table.table_name)))


def foreign_keys(table: TableOp) -> dict[ForeignKeyConstraint, str]:
    """The foreign keys of a table, with the names of the tables that they reference."""
    return {it: target(it) for it in table.to_table().foreign_key_constraints}


def target(constraint: ForeignKeyConstraint) -> str:
    return constraint.elements[0].target_fullname.rpartition(".")[0]


def sort_tables(tables: Iterable[TableOp]) -> list[TableOp]:
    """Put each table after those that it references, except in a cycle of references."""
    rest = {key(table): table for table in tables}
    needs = {name: {*foreign_keys(table).values()} - {name} for name, table in rest.items()}
    order: list[TableOp] = []
    while rest:
        order.append(rest.pop(min(rest, key=lambda name: len(needs[name] & rest.keys()))))
    return order


def separate_foreign_keys(tables: list[TableOp]) -> Iterator[ops.ModifyTableOps]:
    """Create the foreign keys to later tables after all tables, or drop them before all tables."""
    later = {key(table) for table in tables}
    for table in tables:
        later.remove(key(table))
        separate = [it for it, name in foreign_keys(table).items() if it.use_alter or name in later]
        change = ops.ModifyTableOps(table.table_name, [], schema=table.schema)
        if isinstance(table, ops.DropTableOp):
            change.ops = [ops.DropConstraintOp.from_constraint(it) for it in separate]
        elif separate:
            targets = {target(it) for it in separate}
            own = [it for it in table.columns if isinstance(it, ForeignKeyConstraint)]
            own = [it for it in own if target(it) in targets]
            table.columns = [it for it in table.columns if not any(it is other for other in own)]
            change.ops = [ops.CreateForeignKeyOp.from_constraint(it) for it in own]
        if change.ops:
            yield change
