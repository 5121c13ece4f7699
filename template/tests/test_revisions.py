"""A revision that Alembic writes for changed models runs, and leaves nothing to change."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    URL,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
    false,
    func,
    text,
    true,
)
from sqlalchemy.schema import SchemaItem
from sqlmodel import SQLModel

from app.db.types import ExactDecimal, ExactString, Timestamp, value_enum
from tests.conftest import ROOT, alembic_config, settings_for
from tests.database import fresh_database

# Tables may reference each other in a cycle.
pytestmark = pytest.mark.filterwarnings("ignore:Cannot correctly sort tables")

Columns = Sequence[SchemaItem]
LONG_NAME = "the_name_has_characters" * 3  # PostgreSQL and MySQL shorten it
Status = StrEnum("Status", ["OPEN", "CLOSED"])
MoreStatus = StrEnum("MoreStatus", ["OPEN", "CLOSED", "LOST"])


@pytest.fixture
def metadata() -> Iterator[MetaData]:
    """The tables of the service; those that a test adds are removed."""
    own = set(SQLModel.metadata.tables)
    yield SQLModel.metadata
    remove_tables(SQLModel.metadata, own)


def remove_tables(metadata: MetaData, own: set[str]) -> None:
    for name in set(metadata.tables) - own:
        metadata.remove(metadata.tables[name])


@pytest.fixture
def config(server: URL, tmp_path: Path) -> Iterator[Config]:
    """A database with the schema of the service. New revisions go to a temporary folder."""
    with fresh_database(server) as url:
        config = alembic_config(settings_for(url))
        folders = f"{ROOT / 'migrations/versions'}\n{tmp_path}"
        config.set_main_option("version_locations", folders.replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        command.upgrade(config, "head")
        yield config


def revise(config: Config, folder: Path, message: str) -> None:
    """Write a revision and run it."""
    command.revision(config, message, autogenerate=True, version_path=str(folder))
    command.upgrade(config, "head")
    command.check(config)


def define(metadata: MetaData, children: Columns, parents: Columns, comment: str | None) -> None:
    for name, columns in (("test_children", children), ("test_parents", parents)):
        Table(name, metadata, Column("id", Integer, primary_key=True), *columns, comment=comment)


def add_tables(metadata: MetaData) -> None:
    """Two tables that refer to each other. The first one is the first in the alphabet."""
    children = [
        Column("parent_id", ForeignKey("test_parents.id", ondelete="CASCADE"), index=True),
        Column("status", value_enum(Status), nullable=False),
        Column("color", Enum("red", "green", name="test_color")),
        Column("size", String(5)),
        Column("open", Boolean(name="open", create_constraint=True)),
        Column("price", ExactDecimal(12, 2), CheckConstraint("price >= 0", name="price")),
        Column("at", Timestamp(), server_default=func.now()),
    ]
    parents: Columns = [
        Column("name", ExactString(50), nullable=False, unique=True),
        Column("favorite_id", ForeignKey("test_children.id", name="fk_test_favorite")),
        Column("active", Boolean, server_default=true()),
        Column("one", Integer, Computed("1", persisted=True)),
        Column("word", String(9), server_default=""),
        Column("color", Enum("red", "green", name="test_color")),
        CheckConstraint("name <> ''", name=LONG_NAME),
    ]
    define(metadata, children, parents, "it's 5%")


def change_tables(metadata: MetaData) -> None:
    """Fewer foreign keys and indexes; more values, other defaults and types, and more columns."""
    children = [
        Column("parent_id", Integer),
        Column("status", value_enum(MoreStatus), nullable=False),
        Column("color", Enum("amber", "red", "it's :5%", "green", name="test_color")),
        Column("size", Enum("s", "m", name="test_size"), server_default="s"),
    ]
    parents: Columns = [
        Column("name", ExactString(60), nullable=False),
        Column("active", Boolean, server_default=false()),
        Column("one", Integer, Computed("1", persisted=True)),
        Column("word", String(9), server_default="it's 5%"),
        Column("state", value_enum(Status)),
        Column("note", String(20), index=True),
    ]
    define(metadata, children, parents, None)


def test_revisions_of_new_changed_and_removed_tables(
    config: Config, metadata: MetaData, tmp_path: Path
) -> None:
    own = set(metadata.tables)
    before, *_ = *ScriptDirectory.from_config(config).get_heads(), "base"
    for n, step in enumerate((add_tables, change_tables, add_tables, None)):
        remove_tables(metadata, own)
        if step is not None:
            step(metadata)
        revise(config, tmp_path, f"step {n}")
    command.downgrade(config, before)
    command.upgrade(config, "head")
    command.check(config)


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


def test_other_type_of_ids_is_refused(
    server: URL, config: Config, metadata: MetaData, tmp_path: Path
) -> None:
    schema = "test" if server.get_backend_name() == "postgresql" else None  # a new schema
    table = Table("test_ids", metadata, Column("id", Integer, primary_key=True), schema=schema)
    revise(config, tmp_path, "integers")
    metadata.remove(table)
    Table("test_ids", metadata, Column("id", Uuid, primary_key=True), schema=schema)
    with pytest.raises(CommandError, match=r"test_ids\.id is INTEGER in the database"):
        command.revision(config, "uuids", autogenerate=True, version_path=str(tmp_path))
