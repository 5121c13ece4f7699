"""Revisions of indexes with expressions, and of changed indexes."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Column, Index, Integer, MetaData, String, Table, text
from sqlalchemy.schema import SchemaItem

from tests.revisions.conftest import revise

EXPRESSIONS = {
    "sqlite": ["size DESC", "lower(name)", "trim(name) || size"],
    "mysql": ["size DESC"],
    "postgresql": [
        "size DESC NULLS LAST",
        "lower(trim(name))",
        "(name || ' ' || name)",
        "(CASE WHEN size > 0 THEN 1 ELSE 0 END)",
        '(name COLLATE "C")',
    ],
}


def test_revisions_of_indexes_with_expressions(
    server: URL, config: Config, metadata: MetaData, tmp_path: Path
) -> None:
    expressions = EXPRESSIONS[server.get_backend_name()]
    for old, *new in (["id DESC"], ["id DESC", *expressions]):
        items: list[SchemaItem] = [
            Column("id", Integer, primary_key=True),
            Index("ix_test_old", text(old)),
        ]
        items += [Column("name", String(9)), Column("size", Integer)] if new else []
        items += [Index(f"ix_test_{n}", text(it), "id", unique=True) for n, it in enumerate(new)]
        table = Table("test_indexes", metadata, *items)
        revise(config, tmp_path, f"{len(new)} more")
        metadata.remove(table)
    revisions = "".join(path.read_text("utf-8") for path in tmp_path.glob("*.py"))
    assert revisions.count("create_index(") == 1 + len(expressions)
    command.downgrade(config, "-2")
    command.upgrade(config, "head")


def test_changed_condition_of_an_index(
    server: URL, config: Config, metadata: MetaData, tmp_path: Path
) -> None:
    for condition in ("id > 0", "id > 1"):
        index = Index("ix_test_id", "id", postgresql_where=text(condition))
        table = Table("test_indexes", metadata, Column("id", Integer, primary_key=True), index)
        revise(config, tmp_path, condition)
        metadata.remove(table)
    revisions = "".join(path.read_text("utf-8") for path in tmp_path.glob("*.py"))
    noticed = server.get_backend_name() == "postgresql"
    assert revisions.count("create_index(") == (3 if noticed else 1)  # also in the downgrade
