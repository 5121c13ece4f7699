"""Autogenerate compares the tables of this service, and none of other programs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from migrations.autogenerate import include_own_tables

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
