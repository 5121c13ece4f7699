"""A revision that Alembic writes for changed models runs, and leaves nothing to change."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Column, ForeignKey, Integer, MetaData, String, Table, Uuid
from sqlmodel import SQLModel

from app.db.types import ExactDecimal, ExactString, Timestamp, value_enum
from tests.conftest import ROOT, alembic_config, settings_for
from tests.database import fresh_database


class Status(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class MoreStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    LOST = "lost"


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


def add_tables(metadata: MetaData) -> None:
    Table(
        "test_children",  # before its parents in the alphabet
        metadata,
        Column("id", Integer, primary_key=True),
        Column("parent_id", ForeignKey("test_parents.id", ondelete="CASCADE"), index=True),
        Column("status", value_enum(Status), nullable=False),
        Column("price", ExactDecimal(12, 2)),
        Column("at", Timestamp()),
    )
    Table(
        "test_parents",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", ExactString(50), nullable=False, unique=True),
    )


def change_tables(metadata: MetaData) -> None:
    """A foreign key and its index less; a wider text, another value, and more columns."""
    Table(
        "test_children",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("parent_id", Integer),
        Column("status", value_enum(MoreStatus), nullable=False),
        Column("price", ExactDecimal(12, 2)),
        Column("at", Timestamp()),
    )
    Table(
        "test_parents",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", ExactString(60), nullable=False),
        Column("note", String(20), index=True),
    )


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


def test_other_type_of_ids_is_refused(config: Config, metadata: MetaData, tmp_path: Path) -> None:
    own = set(metadata.tables)
    Table("test_ids", metadata, Column("id", Integer, primary_key=True))
    revise(config, tmp_path, "integers")
    remove_tables(metadata, own)
    Table("test_ids", metadata, Column("id", Uuid, primary_key=True))
    with pytest.raises(CommandError, match=r"test_ids\.id is INTEGER in the database"):
        command.revision(config, "uuids", autogenerate=True, version_path=str(tmp_path))
