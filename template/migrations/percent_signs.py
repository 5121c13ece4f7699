"""Renders SQL for a revision without escaping `%`."""

from copy import copy

from sqlalchemy import Dialect


def keep_percent_signs(dialect: Dialect) -> Dialect:
    """Return a copy that does not escape `%`. SQLAlchemy escapes it when the migration runs."""
    dialect = copy(dialect)
    dialect.identifier_preparer = copy(dialect.identifier_preparer)
    dialect.identifier_preparer._double_percents = False
    return dialect
