"""Columns that a revision adds to a table with rows get the default of the model."""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Executable,
    Integer,
    MetaData,
    Table,
    Uuid,
    select,
)
from sqlmodel import SQLModel

from app.db.engine import create_migrator
from app.db.types import ExactDecimal, ExactString, LongString, TimeOfDay, value_enum
from tests.conftest import ROOT, alembic_config, settings_for
from tests.database import fresh_database
from tests.revisions.test_tables import Status

NAME = "test_rows"
TEXT = "'it''s' 5% or %%, x:y \\"
DEFAULTS: dict[str, tuple[Any, Any]] = {
    "size": (BigInteger(), -1),
    "active": (Boolean(), True),
    "closed": (Boolean(), False),
    "weight": (Double(), 0.5),
    "name": (ExactString(40), TEXT),
    "empty": (ExactString(40), ""),
    "note": (LongString(), TEXT),
    "percent": (LongString(), "5%"),  # SQLAlchemy cannot parse TEXT as MariaDB returns it
    "price": (ExactDecimal(5, 2), Decimal("9.90")),
    "day": (Date(), dt.date(2026, 1, 31)),
    "time": (TimeOfDay(), dt.time(12, 30)),
    "status": (value_enum(Status), Status.OPEN),
    "device": (Uuid(), UUID(int=7)),
}


def define(*columns: Column[Any]) -> Table:
    key = Column("id", Integer, primary_key=True)
    return Table(NAME, SQLModel.metadata, key, *columns, extend_existing=True)


@pytest.fixture
def config(server: URL, tmp_path: Path) -> Iterator[Config]:
    """A database with a table of one row. New revisions go to a temporary folder."""
    with fresh_database(server) as url:
        config = alembic_config(settings_for(url))
        folders = f"{ROOT / 'migrations/versions'}\n{tmp_path}"
        config.set_main_option("version_locations", folders.replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        command.upgrade(config, "head")
        table = define()
        try:
            revise(config, tmp_path)
            command.upgrade(config, "head")
            run(config, table.insert().values(id=1))
            yield config
        finally:
            SQLModel.metadata.remove(table)


def revise(config: Config, folder: Path) -> None:
    command.revision(config, "change", autogenerate=True, version_path=str(folder))


def run(config: Config, statement: Executable) -> list[Any]:
    async def execute() -> list[Any]:
        engine = create_migrator(config.attributes["settings"])
        async with engine.begin() as connection:
            result = await connection.execute(statement)
            rows = list(result.mappings()) if result.returns_rows else []
        await engine.dispose()
        return rows

    return asyncio.run(execute())


def test_rows_get_the_defaults_of_new_columns(config: Config, tmp_path: Path) -> None:
    table = define(
        *(
            Column(name, kind, default=default, nullable=False)
            for name, (kind, default) in DEFAULTS.items()
        )
    )
    revise(config, tmp_path)
    command.upgrade(config, "head")
    command.check(config)
    older_release = Table(NAME, MetaData(), Column("id", Integer))
    run(config, older_release.insert().values(id=2))
    expected = {name: default for name, (_, default) in DEFAULTS.items()}
    rows = run(config, select(table).order_by(table.c.id))
    assert rows == [{"id": id, **expected} for id in (1, 2)]
    command.downgrade(config, "-1")
    command.upgrade(config, "head")
    define(Column("size", BigInteger, default=2, nullable=False))
    revise(config, tmp_path)  # the default in the database is no longer that of the model
    command.upgrade(config, "head")
    command.check(config)


def test_required_column_without_a_default_is_announced(
    config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    define(Column("number", ExactString(40), nullable=False), Column("note", LongString))
    with caplog.at_level(logging.WARNING, "migrations.defaults"):
        revise(config, tmp_path)
    warnings = [it.message for it in caplog.records if it.name == "migrations.defaults"]
    assert [it.partition(". ")[0] for it in warnings] == [
        f"{NAME}.number is required and has no default"
    ]
