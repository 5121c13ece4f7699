"""Keeps the `%` in SQL that is written for a revision."""

from copy import copy

from sqlalchemy import Dialect


def keep_percent_signs(dialect: Dialect) -> Dialect:
    """A dialect without the doubled `%` of some drivers: a migration would double it again."""
    dialect = copy(dialect)
    dialect.identifier_preparer = copy(dialect.identifier_preparer)
    dialect.identifier_preparer._double_percents = False
    return dialect
