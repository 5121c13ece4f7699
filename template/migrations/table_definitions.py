"""Completes the copy of a SQLite table with what SQLAlchemy does not read, or refuses the copy."""

import re
from typing import Any

from alembic.operations.batch import ApplyBatchImpl
from alembic.util import CommandError
from sqlalchemy import (
    CheckConstraint,
    Connection,
    DefaultClause,
    String,
    Table,
    TextClause,
    UniqueConstraint,
    literal_column,
    text,
)

LOST = (
    "The table {name} would lose {found}, because SQLAlchemy does not read it. Describe the table "
    "with `batch_alter_table(..., copy_from=...)`."
)
UNREAD = re.compile(r"\bON\s+CONFLICT\b|\bMATCH\s+(FULL|PARTIAL|SIMPLE)\b", re.IGNORECASE)
AUTOINCREMENT = re.compile(r"\bAUTOINCREMENT\b", re.IGNORECASE)
QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/""", re.DOTALL)
DEFINITION = text(
    "SELECT sql FROM sqlite_master WHERE name = :table COLLATE NOCASE AND type = 'table'"
)
UNIQUE = text("SELECT count(*) FROM pragma_index_list(:table) WHERE origin = 'u'")


def complete(connection: Connection, batch: ApplyBatchImpl, table: Table) -> None:
    """Change the new table of a batch. Raises CommandError."""
    assert batch.new_table is not None
    parameters = {"table": table.name}
    definition = QUOTED.sub("''", connection.scalar(DEFINITION, parameters) or "")
    if found := UNREAD.search(definition):
        raise CommandError(LOST.format(name=table.name, found=found[0]))
    unique = sum(isinstance(it, UniqueConstraint) for it in table.constraints)
    if (connection.scalar(UNIQUE, parameters) or 0) > unique:
        raise CommandError(LOST.format(name=table.name, found="UNIQUE"))
    if AUTOINCREMENT.search(definition):
        batch.new_table.dialect_options["sqlite"]["autoincrement"] = True
    keep_checks(batch, batch.new_table, table)
    keep_defaults(batch, table)
    keep_collations(connection, batch, table)
    keep_actions(connection, batch.new_table, table)


def keep_checks(batch: ApplyBatchImpl, new_table: Table, table: Table) -> None:
    """Keep the SQL as it is: `text()` takes `:word` for a parameter, also in a string."""
    restated = any(isinstance(it, CheckConstraint) for it in batch.table_args)
    copies: dict[Any, Any] = {it.name: it for it in new_table.constraints}
    for check in table.constraints:
        if isinstance(check, CheckConstraint) and isinstance(check.sqltext, TextClause):
            sql: Any = literal_column(check.sqltext.text)
            if check.name is None and not restated:
                new_table.append_constraint(CheckConstraint(sql))
            elif batch.named_constraints.get(str(check.name)) is check:
                copies[check.name].sqltext = sql


def keep_defaults(batch: ApplyBatchImpl, table: Table) -> None:
    """Keep the SQL as it is, as for a CHECK."""
    for name in table.columns.keys() & batch.columns.keys():
        column, read = batch.columns[name], table.c[name].server_default
        if (
            isinstance(read, DefaultClause)
            and getattr(column.server_default, "arg", None) is read.arg
        ):
            assert isinstance(read.arg, TextClause)  # as SQLAlchemy reads it
            column.server_default = DefaultClause(literal_column(read.arg.text))


def keep_collations(connection: Connection, batch: ApplyBatchImpl, table: Table) -> None:
    """Keep the collations, which SQLite tells only for the columns of an index."""
    quote = connection.dialect.identifier_preparer
    columns = ", ".join(quote.format_column(column) for column in table.columns)
    execute = connection.exec_driver_sql
    execute(f"CREATE INDEX _alembic_tmp ON {quote.quote(table.name)} ({columns}) WHERE 0")
    collations = {row.name: row.coll for row in execute("PRAGMA index_xinfo(_alembic_tmp)")}
    execute("DROP INDEX _alembic_tmp")
    for name, column in batch.columns.items():
        kept = name in table.c and str(column.type) == str(table.c[name].type)
        if kept and isinstance(column.type, String) and collations[name] != "BINARY":
            column.type.collation = collations[name]


def keep_actions(connection: Connection, new_table: Table, table: Table) -> None:
    """Keep ON UPDATE and ON DELETE of a `REFERENCES` beside a column, which has no name."""
    read = {(it.parent.name, it.onupdate, it.ondelete) for it in table.foreign_keys}
    quoted = connection.dialect.identifier_preparer.quote(table.name)
    for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({quoted})"):
        column = row._mapping["from"]
        actions = [None if it == "NO ACTION" else it for it in (row.on_update, row.on_delete)]
        for constraint in new_table.foreign_key_constraints:
            unnamed = constraint.name is None and constraint.column_keys == [column]
            if unnamed and (column, *actions) not in read:
                constraint.onupdate, constraint.ondelete = actions
