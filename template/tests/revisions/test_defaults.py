"""Columns that a revision adds to a table with rows get the default of the model."""

import asyncio
import datetime as dt
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Executable,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Uuid,
    select,
)
from sqlmodel import SQLModel

from app.db.engine import create_migrator
from app.db.types import ExactDecimal, ExactString, LongString, TimeOfDay, value_enum
from tests.revisions.conftest import revise
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
def filled(config: Config, metadata: MetaData, tmp_path: Path) -> Config:
    """The database has a table with one row."""
    table = define()
    revise(config, tmp_path, "new table")
    run(config, table.insert().values(id=1))
    return config


def run(config: Config, statement: Executable) -> list[Any]:
    async def execute() -> list[Any]:
        engine = create_migrator(config.attributes["settings"])
        async with engine.begin() as connection:
            result = await connection.execute(statement)
            rows = list(result.mappings()) if result.returns_rows else []
        await engine.dispose()
        return rows

    return asyncio.run(execute())


def test_rows_get_the_defaults_of_new_columns(filled: Config, tmp_path: Path) -> None:
    table = define(
        Column("level", Integer, default=1, server_default="5", nullable=False),
        *(
            Column(name, kind, default=default, nullable=False)
            for name, (kind, default) in DEFAULTS.items()
        ),
    )
    revise(filled, tmp_path, "new columns")
    older_release = Table(NAME, MetaData(), Column("id", Integer))
    run(filled, older_release.insert().values(id=2))
    expected = {"level": 5} | {name: default for name, (_, default) in DEFAULTS.items()}
    rows = run(filled, select(table).order_by(table.c.id))
    assert rows == [{"id": id, **expected} for id in (1, 2)]
    command.downgrade(filled, "-1")
    command.upgrade(filled, "head")
    define(Column("size", BigInteger, default=2, nullable=False))
    # The default in the database is no longer that of the model.
    revise(filled, tmp_path, "other default")
    define(Column("size", BigInteger, server_default="3", nullable=False))
    revise(filled, tmp_path, "other default in the database")
    run(filled, older_release.insert().values(id=3))
    assert run(filled, select(table.c.size).where(table.c.id == 3)) == [{"size": 3}]
    define(Column("size", BigInteger, nullable=False))
    revise(filled, tmp_path, "no default")


def test_required_column_without_a_default_is_announced(
    filled: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    define(
        Column("number", ExactString(40), nullable=False),
        Column("data", LargeBinary, default=b"1", nullable=False),  # no text for a revision
        Column("note", LongString),
    )
    with caplog.at_level(logging.WARNING, "migrations.defaults"):
        command.revision(filled, "change", autogenerate=True, version_path=str(tmp_path))
    warnings = [it.message for it in caplog.records if it.name == "migrations.defaults"]
    assert [it.partition(". ")[0] for it in warnings] == [
        f"{NAME}.number is required and has no default",
        f"{NAME}.data is required and has no default",
    ]
