"""Migrations on SQLite: all of them in one transaction. One process can write at a time."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from alembic.ddl.base import ColumnName
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations import ops
from alembic.operations.batch import ApplyBatchImpl
from alembic.util import CommandError
from alembic.util.sqla_compat import is_expression_index
from sqlalchemy import Computed, Connection, Index, Table, text
from sqlalchemy.exc import OperationalError

from migrations import autogenerate, defaults
from migrations.compare import compare_names
from migrations.lock import acquire, seconds_to_wait
from migrations.render_item import render_item

AFTER_FAILURE = ": the failed revision was rolled back."
FOREIGN_KEYS = """\
The shared connection checks foreign keys. A migration that creates a table again would delete the
rows that refer to it: run `PRAGMA foreign_keys = OFF` on the connection first."""
RENAMED = (
    "{name} needs a column that this batch renames. Create it in another `batch_alter_table`, after "
    "this one."
)
INDEXES = text("SELECT tbl_name || '.' || name FROM sqlite_master WHERE type = 'index'")
OF_TABLE = text(
    "SELECT name, sql FROM sqlite_master WHERE tbl_name = :table COLLATE NOCASE"
    " AND type IN ('index', 'trigger') AND sql IS NOT NULL"
)


class CopyImpl(SQLiteImpl):
    """Copies a table with what Alembic cannot copy, such as triggers and indexes of expressions."""

    __dialect__ = "sqlite"  # Alembic uses this class instead of its own

    def correct_for_autogen_constraints(
        self,
        conn_unique_constraints: Any,
        conn_indexes: set[Index],
        metadata_unique_constraints: Any,
        metadata_indexes: set[Index],
    ) -> None:
        """Alembic calls this before it compares indexes. It would leave out those of expressions."""
        assert self.connection is not None
        compare_names(conn_indexes, metadata_indexes, set(self.connection.scalars(INDEXES)))

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
        dropped = {index.name for index in table.indexes} - batch_impl.indexes.keys()
        assert self.connection is not None
        found = () if self.as_sql else self.connection.execute(OF_TABLE, {"table": table.name})
        self.kept = {row.name: row.sql for row in found if row.name not in dropped}
        for name in self.kept.keys() & batch_impl.indexes.keys():
            del batch_impl.indexes[name]
        # The new table gets the old names of its columns, which the kept statements contain.
        self.new_names = [(column, column.name) for column in batch_impl.columns.values()]
        for name, column in batch_impl.columns.items():
            column.name = name

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
        for sql in self.kept.values():
            assert self.connection is not None
            self.connection.exec_driver_sql(sql)
        # SQLite also renames the columns in indexes, triggers, views and foreign keys. It raises an
        # error if one of them needs a column that is missing, even if no name changes.
        renamed = [(column, name) for column, name in self.new_names if column.name != name]
        for column, name in renamed or self.new_names[:1]:
            self._exec(ColumnName(new_table_name, column.name, name, schema=schema))
            column.name = name
        for index in self.later:
            self.create_index(index)


def drop_tables_last(_: object, __: object, scripts: list[ops.MigrationScript]) -> None:
    """Alembic drops a table before it changes those that refer to it."""
    for script in scripts:
        assert script.upgrade_ops is not None
        script.upgrade_ops.ops.sort(key=lambda it: isinstance(it, ops.DropTableOp))


OPTIONS: dict[str, Any] = {
    "render_as_batch": True,
    "transactional_ddl": True,
    "render_item": render_item,
    "process_revision_directives": autogenerate.rewriter.chain(defaults.rewriter)
    .chain(drop_tables_last)
    .chain(autogenerate.skip_empty_revision),
}


def prepare(connection: Connection, _: object) -> None:
    """Raise CommandError if the migration could delete rows."""
    begun = connection.in_transaction()
    if connection.scalar(text("PRAGMA foreign_keys")):
        raise CommandError(FOREIGN_KEYS)
    if not begun:
        connection.rollback()  # ends the transaction that the PRAGMA has begun


@contextmanager
def migration_lock(connection: Connection, arguments: dict[str, str]) -> Generator[None]:
    acquire(lambda: try_transaction(connection, arguments), arguments)
    yield


def try_transaction(connection: Connection, arguments: dict[str, str]) -> bool:
    """Return whether no other process writes. The transaction of the migration is the lock."""
    try:
        with connection.begin():
            # Another process may begin its migration first.
            milliseconds = seconds_to_wait(arguments) * 1000
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds:.0f}")
            return True
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            return False
        raise
