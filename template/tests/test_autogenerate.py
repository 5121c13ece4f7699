"""Autogenerate compares only the tables of this service. Without changes, it writes no revision."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from alembic import command
from alembic.config import CommandLine
from alembic.operations import ops
from sqlalchemy import Column, Enum, Integer, MetaData, String, Table

from app.settings import Settings
from migrations.autogenerate import (
    drop_indexes_with_their_table,
    include_own_tables,
    reject_id_changes,
    skip_checks_of_added_columns,
)
from tests.conftest import alembic_config

REVISIONS = [
    'op.create_table(\n    "created",\n    sa.Column("column"),\n    schema="library",\n)',
    "op.create_table('quoted')",
    'op.rename_table("former", "renamed")',
    'op.create_index("index", "indexed", ["column"])',
]


@pytest.mark.parametrize(
    ("name", "kind", "included"),
    [
        ("model", "table", True),
        ("created", "table", True),
        ("quoted", "table", True),
        ("renamed", "table", True),
        ("former", "table", False),
        ("indexed", "table", False),
        ("column", "table", False),
        ("column", "column", True),
        (None, "schema", True),
        ("shop", "schema", True),
        ("library", "schema", True),
        ("other", "schema", False),
    ],
)
def test_own_tables(tmp_path: Path, name: str | None, kind: str, included: bool) -> None:
    models = MetaData()
    Table("model", models, Column("id", Integer), schema="shop")
    for n, text in enumerate(REVISIONS):
        (tmp_path / f"{n}.py").write_text(text, encoding="utf-8")
    revisions = [SimpleNamespace(path=path) for path in tmp_path.iterdir()]
    scripts: Any = SimpleNamespace(walk_revisions=lambda: revisions)
    assert include_own_tables(models, scripts)(name, kind, {}) is included


@pytest.mark.parametrize(
    ("column", "changes"), [("size", {"modify_type": String()}), ("id", {"modify_comment": "key"})]
)
def test_other_changes_than_the_type_of_an_id(column: str, changes: dict[str, Any]) -> None:
    context: Any = None
    change = ops.AlterColumnOp("table", column, existing_type=Integer(), **changes)
    assert reject_id_changes(context, None, change) is change


def test_check_is_added_with_its_column() -> None:
    context: Any = None
    enum = Enum("on", "off", name="switch", native_enum=False, create_constraint=True)
    column: Column[Any] = Column("light", enum)
    Table("room", MetaData(naming_convention={"ck": "ck_%(constraint_name)s"}), column)
    add = ops.AddColumnOp("room", column)
    check = ops.CreateCheckConstraintOp("ck_switch", "room", "")
    other = ops.CreateCheckConstraintOp("ck_other", "room", "")
    change = ops.ModifyTableOps("room", [add, check, other])
    assert skip_checks_of_added_columns(context, None, change).ops == [add, other]
    without_table = ops.AddColumnOp("room", Column("dark", Integer))
    change = ops.ModifyTableOps("room", [without_table, other])
    assert skip_checks_of_added_columns(context, None, change).ops == [without_table, other]


def test_indexes_are_dropped_with_their_table() -> None:
    context: Any = None
    index, column = ops.DropIndexOp("ix", "changed"), ops.DropColumnOp("changed", "size")
    kept = ops.ModifyTableOps("changed", [index, column])
    change = ops.ModifyTableOps("dropped", [ops.DropIndexOp("ix", "dropped")])
    drop = ops.DropTableOp("dropped")
    operations = ops.DowngradeOps([change, kept, drop])
    assert drop_indexes_with_their_table(context, None, operations).ops == [kept, drop]
    assert kept.ops == [index, column]


def test_no_revision_without_changes(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = alembic_config(settings)
    config.cmd_opts = CommandLine().parser.parse_args(["revision", "--autogenerate"])
    with caplog.at_level("INFO"):
        command.revision(config, "nothing", autogenerate=True, version_path=str(tmp_path))
    assert "The models have no changes, so no revision was written." in caplog.text
    assert list(tmp_path.iterdir()) == []
