"""Keeps what Alembic cannot copy. On SQLite, it changes a table by copying it."""

from typing import Any

from alembic.ddl.base import ColumnName
from alembic.operations.batch import ApplyBatchImpl, BatchOperationsImpl
from alembic.util import CommandError
from alembic.util.sqla_compat import is_expression_index
from sqlalchemy import Computed, Table, text

from migrations.indexes import IndexImpl
from migrations.table_definitions import complete

RENAMED = (
    "{name} needs a column that this batch renames. Create it in another `batch_alter_table`, after "
    "this one."
)
DEPENDENTS = text(
    "SELECT name, sql FROM sqlite_master WHERE tbl_name = :table COLLATE NOCASE"
    " AND type IN ('index', 'trigger') AND sql IS NOT NULL"
)
SEQUENCE = text("SELECT seq FROM sqlite_sequence WHERE name = :table COLLATE NOCASE")
SET_SEQUENCE = (
    text("DELETE FROM sqlite_sequence WHERE name = :table"),
    text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :seq)"),
)
REPLACED = (
    "The batch renames {table}.{name} and adds a column with this name, so the values would be lost. "
    "Add the column in another `batch_alter_table`, after this one."
)
HANDLED = "Unnamed CHECK constraint on reflected|Skipped unsupported reflection of expression-based"


class CopyImpl(IndexImpl):
    __dialect__ = "sqlite"  # Alembic uses this class instead of its own

    def requires_recreate_in_batch(self, batch_op: BatchOperationsImpl) -> bool:
        """Alembic calls this first. In a copy, it does not find an index of an expression."""
        recreate = super().requires_recreate_in_batch(batch_op)
        for drop in [it for it in batch_op.batch if recreate and it[0] == "drop_index"]:
            batch_op.batch.remove(drop)
            self.drop_index(*drop[1], **drop[2])
        return recreate

    def prep_table_for_batch(self, batch_impl: ApplyBatchImpl, table: Table) -> None:
        """Alembic calls this before it creates the new table and copies the rows."""
        self.later = [it for it in batch_impl.new_indexes.values() if is_expression_index(it)]
        for index in self.later:
            del batch_impl.new_indexes[str(index.name)]
        new: list[Any] = [*batch_impl.named_constraints.values(), *batch_impl.new_indexes.values()]
        for item in set(new) - table.constraints:
            if not batch_impl.columns.keys() >= set(item.columns.keys()):  # Alembic skips it
                raise CommandError(RENAMED.format(name=item.name))
        for name, column in batch_impl.columns.items():
            if name in batch_impl.existing_ordering and not batch_impl.column_transfers[name]:
                raise CommandError(REPLACED.format(table=table.name, name=name))
            if isinstance(column.server_default, Computed):  # SQLite computes the values itself
                batch_impl.column_transfers[name].clear()
        self.kept: list[str] = []
        self.sequence: int | None = None
        if self.connection is not None and not self.as_sql:
            if batch_impl.reflected:  # otherwise, the revision describes the table
                complete(self.connection, batch_impl, table)
            self.keep_dependents(batch_impl, table)
        # The new table gets the old names of its columns, which the kept statements contain.
        self.new_names = [(column, column.name) for column in batch_impl.columns.values()]
        for name, column in batch_impl.columns.items():
            column.name = name

    def keep_dependents(self, batch_impl: ApplyBatchImpl, table: Table) -> None:
        """Keep the indexes and triggers, and the highest id that AUTOINCREMENT has used."""
        assert self.connection is not None
        parameters = {"table": table.name}
        dropped = {index.name for index in table.indexes} - batch_impl.indexes.keys()
        for row in self.connection.execute(DEPENDENTS, parameters):
            if row.name not in dropped:
                batch_impl.indexes.pop(row.name, None)
                self.kept.append(row.sql)
        assert batch_impl.new_table is not None
        if batch_impl.new_table.dialect_options["sqlite"]["autoincrement"]:
            self.sequence = self.connection.scalar(SEQUENCE, parameters)

    def rename_table(
        self, old_table_name: str, new_table_name: str, schema: str | None = None
    ) -> None:
        """Alembic calls this after it has dropped the old table."""
        if not old_table_name.startswith("_alembic_tmp_"):
            return super().rename_table(old_table_name, new_table_name, schema)
        self._exec("PRAGMA legacy_alter_table = ON")  # a view may select from the missing table
        try:
            super().rename_table(old_table_name, new_table_name, schema)
        finally:
            self._exec("PRAGMA legacy_alter_table = OFF")
        connection: Any = self.connection  # None in offline mode, which keeps nothing
        for sql in self.kept:
            connection.exec_driver_sql(sql)
        if self.sequence is not None:
            for statement in SET_SEQUENCE:
                connection.execute(statement, {"table": new_table_name, "seq": self.sequence})
        # SQLite also renames the columns in indexes, triggers, views and foreign keys. It raises an
        # error if one of them needs a column that is missing, even if no name changes.
        renamed = [(column, name) for column, name in self.new_names if column.name != name]
        targets = {name for _, name in renamed}
        for column in [column for column, _ in renamed if column.name in targets]:
            temporary = f"_alembic_tmp_{column.name}"  # the names are swapped, or follow each other
            self._exec(ColumnName(new_table_name, column.name, temporary, schema=schema))
            column.name = temporary
        for column, name in renamed or self.new_names[:1]:
            self._exec(ColumnName(new_table_name, column.name, name, schema=schema))
            column.name = name
        for index in self.later:
            self.create_index(index)
