"""A database for each test, and a temporary folder for its revisions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, MetaData
from sqlmodel import SQLModel

from tests.conftest import ROOT, alembic_config, settings_for
from tests.database import fresh_database


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
