"""Compares the names of indexes with expressions, such as `size DESC`.

SQLAlchemy does not read such an index, or reads its columns only. Alembic would always report it as
changed.
"""

from typing import Any

from alembic.ddl.mysql import MySQLImpl
from alembic.util.sqla_compat import is_expression_index
from sqlalchemy import Index, text

from migrations.sql_text import EscapeColons

EXISTING = text(
    "SELECT CONCAT(table_name, '.', index_name) FROM information_schema.statistics"
    " WHERE table_schema = DATABASE()"
)


class IndexImpl(EscapeColons, MySQLImpl):
    __dialect__ = "mysql"  # Alembic uses this class instead of its own

    def correct_for_autogen_constraints(
        self,
        conn_unique_constraints: Any,
        conn_indexes: set[Index],
        metadata_unique_constraints: Any,
        metadata_indexes: set[Index],
    ) -> None:
        """Alembic calls this before it compares indexes."""
        base: Any = super()  # it has no types
        base.correct_for_autogen_constraints(
            conn_unique_constraints, conn_indexes, metadata_unique_constraints, metadata_indexes
        )
        assert self.connection is not None
        existing = set(self.connection.scalars(EXISTING))
        for index in [index for index in metadata_indexes if is_expression_index(index)]:
            if f"{index.table}.{index.name}" in existing:
                metadata_indexes.remove(index)
                conn_indexes.difference_update([it for it in conn_indexes if it.name == index.name])
