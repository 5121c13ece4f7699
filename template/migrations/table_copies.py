"""Keeps what Alembic cannot copy. On SQLite, it changes a table by copying it."""

import re
from typing import Any

from alembic.ddl.base import ColumnName
from alembic.operations.batch import ApplyBatchImpl, BatchOperationsImpl
from alembic.util import CommandError
from alembic.util.sqla_compat import is_expression_index
from sqlalchemy import CheckConstraint, Computed, String, Table, text

from migrations.indexes import IndexImpl

RENAMED = (
    "{name} needs a column that this batch renames. Create it in another `batch_alter_table`, after "
    "this one."
)
UNREAD = re.compile(r"\bON\s+CONFLICT\b|\bMATCH\s+(FULL|PARTIAL|SIMPLE)\b", re.IGNORECASE)
LOST = (
    "The table {name} would lose {found}, because SQLAlchemy does not read it. Describe the table "
    "with `batch_alter_table(..., copy_from=...)`."
)
OF_TABLE = text(
    "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = :table COLLATE NOCASE"
    " AND sql IS NOT NULL"
)
SEQUENCE = text("SELECT seq FROM sqlite_sequence WHERE name = :table COLLATE NOCASE")
SET_SEQUENCE = (
    text("DELETE FROM sqlite_sequence WHERE name = :table"),
    text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :seq)"),
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
            if isinstance(column.server_default, Computed):  # SQLite computes the values itself
                batch_impl.column_transfers[name].clear()
        self.kept: list[str] = []
        self.sequence: int | None = None
        if not self.as_sql:
            self.keep_definition(batch_impl, table)
        # The new table gets the old names of its columns, which the kept statements contain.
        self.new_names = [(column, column.name) for column in batch_impl.columns.values()]
        for name, column in batch_impl.columns.items():
            column.name = name

    def keep_definition(self, batch_impl: ApplyBatchImpl, table: Table) -> None:
        """Keep what SQLAlchemy does not read."""
        assert self.connection is not None
        found = self.connection.execute(OF_TABLE, {"table": table.name}).all()
        dropped = {index.name for index in table.indexes} - batch_impl.indexes.keys()
        for row in found:
            if row.type in {"index", "trigger"} and row.name not in dropped:
                batch_impl.indexes.pop(row.name, None)
                self.kept.append(row.sql)
        new_table = batch_impl.new_table
        if not batch_impl.reflected or new_table is None:  # the revision describes the table
            return
        definition = next(row.sql for row in found if row.type == "table")
        if unread := UNREAD.search(definition):
            raise CommandError(LOST.format(name=table.name, found=unread[0]))
        if re.search(r"\bAUTOINCREMENT\b", definition, re.IGNORECASE):
            new_table.dialect_options["sqlite"]["autoincrement"] = True
            self.sequence = self.connection.scalar(SEQUENCE, {"table": table.name})
        for check in table.constraints:
            if isinstance(check, CheckConstraint) and not check.name:
                new_table.append_constraint(CheckConstraint(check.sqltext))
        for name, collation in self.collations(table).items():
            if name in batch_impl.columns:
                kind = batch_impl.columns[name].type
                if isinstance(kind, String) and str(kind) == str(table.c[name].type):
                    kind.collation = collation
        self.keep_actions(new_table, table)

    def keep_actions(self, new_table: Table, table: Table) -> None:
        """Keep ON UPDATE and ON DELETE of `REFERENCES` beside a column."""
        assert self.connection is not None
        read = {(it.parent.name, it.onupdate, it.ondelete) for it in table.foreign_keys}
        quoted = self.dialect.identifier_preparer.format_table(table)
        for row in self.connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})"):
            name = row._mapping["from"]
            actions = [None if it == "NO ACTION" else it for it in (row.on_update, row.on_delete)]
            for constraint in new_table.foreign_key_constraints:
                if constraint.column_keys == [name] and (name, *actions) not in read:
                    constraint.onupdate, constraint.ondelete = actions

    def collations(self, table: Table) -> dict[str, str]:
        """The collation of each column. SQLite tells only those of an index."""
        assert self.connection is not None
        quote = self.dialect.identifier_preparer
        columns = ", ".join(quote.format_column(column) for column in table.columns)
        execute = self.connection.exec_driver_sql
        execute(f"CREATE INDEX _alembic_tmp ON {quote.format_table(table)} ({columns}) WHERE 0")
        found = {row.name: row.coll for row in execute("PRAGMA index_xinfo(_alembic_tmp)")}
        execute("DROP INDEX _alembic_tmp")
        return {name: collation for name, collation in found.items() if collation != "BINARY"}

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
        for column, name in renamed or self.new_names[:1]:
            self._exec(ColumnName(new_table_name, column.name, name, schema=schema))
            column.name = name
        for index in self.later:
            self.create_index(index)
