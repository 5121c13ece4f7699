"""Each test has its own models, an empty database, and a temporary folder for its revisions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import URL, MetaData
from sqlmodel import SQLModel

from app.domains import load_models
from tests.conftest import alembic_config, settings_for
from tests.database import fresh_database


@pytest.fixture
def metadata() -> Iterator[MetaData]:
    """Metadata without the models of the service. Alembic would compare them in each test."""
    load_models()
    metadata = MetaData(naming_convention=SQLModel.metadata.naming_convention)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLModel, "metadata", metadata)
        yield metadata


@pytest.fixture
def config(server: URL, metadata: MetaData, tmp_path: Path) -> Iterator[Config]:
    """Alembic's settings with an empty database. New revisions go to a temporary folder."""
    with fresh_database(server) as url:
        config = alembic_config(settings_for(url))
        config.set_main_option("version_locations", str(tmp_path).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        yield config


def revise(config: Config, folder: Path, message: str) -> None:
    """Write a revision and run it."""
    command.revision(config, message, autogenerate=True, version_path=str(folder))
    command.upgrade(config, "head")
    command.check(config)
