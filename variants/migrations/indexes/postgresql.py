"""Compares indexes as PostgreSQL writes them.

PostgreSQL changes expressions: `trim(name)` becomes `TRIM(BOTH FROM name)`. Alembic would always
report such an index as changed, and no index whose condition, method or included columns change.
"""

import re
from typing import Any

from alembic.ddl._autogen import ComparisonResult
from alembic.ddl.postgresql import PostgresqlImpl
from sqlalchemy import Index, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex

from migrations.sql_text import EscapeColons

DEFINITION = text("SELECT pg_get_indexdef(to_regclass(:name))")


class IndexImpl(EscapeColons, PostgresqlImpl):
    __dialect__ = "postgresql"  # Alembic uses this class instead of its own

    def compare_indexes(self, metadata_index: Index, reflected_index: Index) -> ComparisonResult:
        """Create the index of the model on a temporary table, and compare both definitions."""
        connection: Any = self.connection
        quote = self.dialect.identifier_preparer
        table, name = metadata_index.table, quote.format_index(metadata_index)
        assert table is not None
        schema = f"{quote.quote_schema(table.schema)}." if table.schema else ""
        copy = f"CREATE TABLE pg_temp.{quote.quote(table.name)} (LIKE {quote.format_table(table)})"
        translated = {"schema_translate_map": {table.schema: "pg_temp"}}
        found, written = self.definition(schema + name), None
        with connection.begin_nested() as savepoint:
            try:
                connection.exec_driver_sql(copy)
                connection.execute(CreateIndex(metadata_index), execution_options=translated)
                written = self.definition(f"pg_temp.{name}")
            except DBAPIError:  # the index needs a new column
                pass
            savepoint.rollback()
        if written == found:
            return ComparisonResult.Equal()
        return ComparisonResult.Different(f"{found} to {written}")

    def definition(self, name: str) -> str:
        """What PostgreSQL writes, without the name of the table."""
        assert self.connection is not None
        written = self.connection.scalar(DEFINITION, {"name": name})
        return re.sub(r" ON .+? USING ", " USING ", str(written), count=1)
