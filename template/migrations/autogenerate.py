"""Hooks of autogenerate: what belongs to this service, and what a revision must not do."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.autogenerate import Rewriter
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import CheckConstraint, Column, MetaData

TABLE = re.compile(r"""\bop\.(?:create_table\(|rename_table\(\s*["'][^"']+["'],)\s*["']([^"']+)""")
SCHEMA = re.compile(r"""\bschema=["']([^"']+)""")
ID_TYPE_CHANGED = """\
{table}.id is {old} in the database and {new} in the models, and no migration converts ids.
If you have no rows to keep, delete the database and migrations/versions/*.py, and run
`just revision "initial"`. Otherwise go back to the previous id_type, or copy the rows into a new
database with a script."""
NO_CHANGES = """\
The models have no changes, so no revision was written. To write one by hand, start with
`uv run alembic revision -m "..."`."""

log = logging.getLogger(__name__)
rewriter = Rewriter()


def include_own_tables(
    models: MetaData, scripts: ScriptDirectory
) -> Callable[[str | None, str, Any], bool]:
    """Include the tables of the models and those that a revision creates.

    So a revision drops the table of a model that was removed, but no table of another program.
    """
    text = "".join(Path(it.path).read_text(encoding="utf-8") for it in scripts.walk_revisions())
    tables = {table.name for table in models.tables.values()} | set(TABLE.findall(text))
    schemas = {table.schema for table in models.tables.values()} | set(SCHEMA.findall(text))

    def include_name(name: str | None, kind: str, _: object) -> bool:
        if kind == "schema":
            return name is None or name in schemas
        return kind != "table" or name in tables

    return include_name


@rewriter.rewrites(ops.AlterColumnOp)
def reject_id_changes(
    _: MigrationContext, __: object, change: ops.AlterColumnOp
) -> ops.AlterColumnOp:
    """Raise CommandError: no database can convert the type of ids that other tables reference."""
    old, new = change.existing_type, change.modify_type
    if change.column_name != "id" or old is None or new is None:
        return change
    if (old.python_type is int) != (new.python_type is int):
        raise CommandError(ID_TYPE_CHANGED.format(table=change.table_name, old=old, new=new))
    return change


@rewriter.rewrites(ops.CreateTableOp)
def include_checks_of_columns(
    _: MigrationContext, __: object, create: ops.CreateTableOp
) -> ops.CreateTableOp:
    """Alembic leaves out a CHECK that a model declares in a column, so add it to the table."""
    columns = [column for column in create.columns if isinstance(column, Column)]
    checks = [
        CheckConstraint(check.sqltext, name=check.name)
        for column in columns
        for check in column.constraints
        if isinstance(check, CheckConstraint)
    ]
    create.columns = [*create.columns, *checks]
    return create


@rewriter.rewrites(ops.ModifyTableOps)
def skip_checks_of_added_columns(
    _: MigrationContext, __: object, change: ops.ModifyTableOps
) -> ops.ModifyTableOps:
    """Adding a column also adds the CHECK of its type, so do not add it twice."""
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
    return change


@rewriter.rewrites(ops.UpgradeOps)
@rewriter.rewrites(ops.DowngradeOps)
def drop_indexes_with_their_table(
    _: MigrationContext, __: object, operations: ops.UpgradeOps | ops.DowngradeOps
) -> ops.UpgradeOps | ops.DowngradeOps:
    """Do not drop the indexes of a table before the table. MySQL refuses this (error 1553)."""
    dropped = {(o.schema, o.table_name) for o in operations.ops if isinstance(o, ops.DropTableOp)}
    for change in operations.ops:
        if isinstance(change, ops.ModifyTableOps) and (change.schema, change.table_name) in dropped:
            change.ops = [o for o in change.ops if not isinstance(o, ops.DropIndexOp)]
    operations.ops = [o for o in operations.ops if getattr(o, "ops", True)]
    return operations


def skip_empty_revision(
    context: MigrationContext, _: object, scripts: list[ops.MigrationScript]
) -> None:
    """Write no revision if `alembic revision --autogenerate` finds no changes."""
    on_command_line = context.config and getattr(context.config.cmd_opts, "autogenerate", False)
    if on_command_line and all(it.is_empty() for it in scripts[0].upgrade_ops_list):
        log.info(NO_CHANGES)
        scripts.clear()
