"""Renders SQL as text for a revision."""

import re
from copy import copy
from typing import Any

from alembic.ddl.impl import DefaultImpl
from sqlalchemy import Dialect

# The start of a parameter. `text()` also finds parameters in strings.
COLON = re.compile(r"(?<![:\w\\]):(?=\w)")


class EscapeColons(DefaultImpl):
    """Escapes colons, which `text()` in a revision would take for the start of a parameter."""

    def render_ddl_sql_expr(
        self, expr: Any, is_server_default: bool = False, is_index: bool = False, **kw: Any
    ) -> str:
        sql = super().render_ddl_sql_expr(expr, is_server_default, is_index=is_index, **kw)
        return sql if is_index else COLON.sub(r"\\:", sql)


def keep_percent_signs(dialect: Dialect) -> Dialect:
    """Return a copy that does not escape `%`. SQLAlchemy escapes it when the migration runs."""
    dialect = copy(dialect)
    dialect.identifier_preparer = copy(dialect.identifier_preparer)
    dialect.identifier_preparer._double_percents = False
    return dialect
