"""Compares the names of indexes with expressions, such as `size DESC`.

SQLAlchemy does not read such an index, or reads its columns only. Alembic would not create it.
"""

from typing import Any

from alembic.ddl.sqlite import SQLiteImpl
from alembic.util.sqla_compat import is_expression_index
from sqlalchemy import Index, text

from migrations.sql_text import EscapeColons

EXISTING = text("SELECT tbl_name || '.' || name FROM sqlite_master WHERE type = 'index'")


class IndexImpl(EscapeColons, SQLiteImpl):
    def correct_for_autogen_constraints(
        self,
        conn_unique_constraints: Any,
        conn_indexes: set[Index],
        metadata_unique_constraints: Any,
        metadata_indexes: set[Index],
    ) -> None:
        """Alembic calls this before it compares indexes."""
        assert self.connection is not None
        existing = set(self.connection.scalars(EXISTING))
        for index in [index for index in metadata_indexes if is_expression_index(index)]:
            if f"{index.table}.{index.name}" in existing:
                metadata_indexes.remove(index)
                conn_indexes.difference_update([it for it in conn_indexes if it.name == index.name])
