"""A revision that Alembic writes for changed models runs, and leaves nothing to change."""

from collections.abc import Sequence
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

from app.db.types import ExactDecimal, ExactString, Timestamp, value_enum
from tests.revisions.conftest import revise

# Tables may reference each other in a cycle.
pytestmark = pytest.mark.filterwarnings("ignore:Cannot correctly sort tables")

RENAME = """
from alembic import op
revision, down_revision = "rename", {!r}
def upgrade():
    op.rename_table("test_old", "test_new")
"""
Columns = Sequence[SchemaItem]
LONG_NAME = "the_name_has_characters" * 3  # PostgreSQL and MySQL shorten it
Status = StrEnum("Status", ["OPEN", "CLOSED"])
MoreStatus = StrEnum("MoreStatus", ["OPEN", "CLOSED", "LOST"])


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
        Column(
            "word", String(9), CheckConstraint(r"word <> ' \:x'", name="word"), server_default=""
        ),
        Column("json", String(9), server_default=text("""('{"a"\\:1}')""")),
        Column("color", Enum("red", "green", name="test_color")),
        CheckConstraint("name <> ''", name=LONG_NAME),
    ]
    define(metadata, children, parents, "it's 5%")


def change_tables(metadata: MetaData) -> None:
    """Fewer foreign keys and indexes; more values, other defaults and types, and more columns."""
    children = [
        Column("parent_id", Integer),
        Column("status", value_enum(MoreStatus), nullable=False),
        Column(
            "color",
            Enum("amber", "red", "it's :5%", "green", name="test_color"),
            server_default="amber",  # used in the revision that adds it
        ),
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
    for n, step in enumerate((add_tables, change_tables, add_tables, None)):
        metadata.clear()
        if step is not None:
            step(metadata)
        revise(config, tmp_path, f"step {n}")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_referenced_table_is_removed(config: Config, metadata: MetaData, tmp_path: Path) -> None:
    define(metadata, [Column("parent_id", ForeignKey("test_parents.id"))], [], None)
    revise(config, tmp_path, "two tables")
    metadata.clear()
    Table("test_children", metadata, Column("id", Integer, primary_key=True))
    revise(config, tmp_path, "one table")


def test_renamed_table(config: Config, metadata: MetaData, tmp_path: Path) -> None:
    Table("test_old", metadata, Column("id", Integer, primary_key=True))
    revise(config, tmp_path, "old name")
    (after,) = ScriptDirectory.from_config(config).get_heads()
    (tmp_path / "rename.py").write_text(RENAME.format(after))
    command.upgrade(config, "head")
    metadata.clear()
    Table("test_new", metadata, Column("id", Integer, primary_key=True))
    command.check(config)


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
