"""Shortens the names of CHECK constraints as the database does. Alembic compares the full names."""

from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import ModifyTableOps
from alembic.runtime.plugins import Plugin
from alembic.util import DispatchPriority, PriorityDispatchResult
from alembic.util.sqla_compat import all_table_check_constraints
from sqlalchemy import Table
from sqlalchemy.sql.elements import conv


def shorten_names(
    autogenerate: AutogenContext,
    _change: ModifyTableOps,
    _schema: str | None,
    _name: str,
    _found: Table | None,
    wanted: Table | None,
) -> PriorityDispatchResult:
    preparer = autogenerate.migration_context.dialect.identifier_preparer
    for check in all_table_check_constraints(wanted) if wanted is not None else ():
        if isinstance(check.name, conv):
            name = preparer.truncate_and_render_constraint_name(check.name, _alembic_quote=False)
            check.name = conv(name)
    return PriorityDispatchResult.CONTINUE


Plugin("migrations.check_names").add_autogenerate_comparator(
    shorten_names, "table", "checkconstraints", priority=DispatchPriority.FIRST
)
