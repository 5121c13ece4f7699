"""What Alembic has found for a revision, put in an order that every database takes; or refused."""

from contextlib import suppress
from graphlib import CycleError, TopologicalSorter

from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

OTHER_IDS = """\
{table}.id is {old} in the database and {new} in the models, and no migration converts ids.
Without rows to keep: delete the database and migrations/versions/*.py, and begin with
`just revision "initial"`. With rows: go back to the other id_type, or copy them by a script of
your own into a new database."""


def review(_: MigrationContext, __: object, scripts: list[ops.MigrationScript]) -> None:
    """Before a revision is written, and in `alembic check`."""
    for script in scripts:
        for operations in filter(None, (script.upgrade_ops, script.downgrade_ops)):
            sort(operations)
            dropped = {o.table_name for o in operations.ops if isinstance(o, ops.DropTableOp)}
            for table in [o for o in operations.ops if isinstance(o, ops.ModifyTableOps)]:
                refuse_other_ids(table)
                table.ops.sort(key=place_in_table)
                if table.table_name in dropped:  # with its indexes; MySQL wants it so (1553)
                    table.ops = [o for o in table.ops if not isinstance(o, ops.DropIndexOp)]


def sort(operations: ops.OpContainer) -> None:
    """Tables come after those that they refer to, and go before them."""
    tables = {
        o.table_name: {key.target_fullname.split(".")[0] for key in o.to_table().foreign_keys}
        for o in operations.ops
        if isinstance(o, ops.CreateTableOp | ops.DropTableOp)
    }
    needs = {name: (others & tables.keys()) - {name} for name, others in tables.items()}
    with suppress(CycleError):  # for which there is no order
        places = {name: n for n, name in enumerate(TopologicalSorter(needs).static_order())}

        def place(operation: ops.MigrateOperation) -> tuple[int, int]:
            if isinstance(operation, ops.CreateTableOp):
                return 0, places[operation.table_name]
            if isinstance(operation, ops.DropTableOp):
                return 2, -places[operation.table_name]
            return 1, 0

        operations.ops.sort(key=place)


def place_in_table(operation: ops.MigrateOperation) -> int:
    """A foreign key goes before the index that it uses, and comes after it."""
    if isinstance(operation, ops.DropConstraintOp) and operation.constraint_type == "foreignkey":
        return 0
    return 2 if isinstance(operation, ops.CreateForeignKeyOp) else 1


def refuse_other_ids(table: ops.ModifyTableOps) -> None:
    """No database turns integers into UUIDs that other tables still refer to."""
    for change in table.ops:
        if isinstance(change, ops.AlterColumnOp) and change.column_name == "id":
            old, new = change.existing_type, change.modify_type
            if old and new and (old.python_type is int) != (new.python_type is int):
                raise CommandError(OTHER_IDS.format(table=table.table_name, old=old, new=new))
