"""Column types store and return the same values on every database."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, make_url, select
from sqlalchemy.exc import DBAPIError, StatementError

from app.db.database import Database
from app.db.types import (
    ExactDecimal,
    ExactString,
    JsonDocument,
    LongString,
    TimeOfDay,
    Timestamp,
    value_enum,
)


class Status(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in-progress"


metadata = MetaData()  # keeps this table out of the service's own
rows = Table(
    "test_types",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("price", ExactDecimal(18, 2)),
    Column("status", value_enum(Status)),
    Column("text", ExactString(20)),
    Column("at", Timestamp()),
    Column("opens", TimeOfDay()),
    Column("notes", LongString()),
    Column("tags", JsonDocument()),
)
# The same table without the type of the enum.
unchecked = Table(
    "test_types", MetaData(), Column("id", Integer), Column("status", ExactString(50))
)


MYSQL = (
    "NUMERIC(18, 2); VARCHAR(50); VARCHAR(20) CHARACTER SET utf8mb4 COLLATE {}; DATETIME(6); "
    "TIME(6); LONGTEXT CHARACTER SET utf8mb4; JSON"
)
COLUMNS = {
    "sqlite": "BIGINT; VARCHAR(50); VARCHAR(20); DATETIME; TIME; TEXT; JSON",
    "postgresql": "NUMERIC(18, 2); VARCHAR(50); VARCHAR(20); TIMESTAMP WITH TIME ZONE; "
    "TIME WITHOUT TIME ZONE; VARCHAR; JSONB",
    "mysql": MYSQL.format("utf8mb4_0900_bin"),
    "mariadb": MYSQL.format("utf8mb4_nopad_bin"),
}
DIALECTS = {name: make_url(f"{name}://").get_dialect()() for name in COLUMNS}


@pytest.fixture(autouse=True)
async def table(db: Database) -> AsyncGenerator[None]:
    async with db.writer.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield
    async with db.writer.begin() as connection:
        await connection.run_sync(metadata.drop_all)


async def add(db: Database, **values: Any) -> None:
    async with db.writer.begin() as connection:
        await connection.execute(insert(rows).values(**values))


async def find(db: Database, selected: Any, *conditions: Any) -> list[Any]:
    async with db.reader.connect() as connection:
        return list((await connection.execute(select(selected).where(*conditions))).scalars())


@pytest.mark.parametrize("price", ["9999999999999999.99", "-0.01", "0.10", "1234567890123456.78"])
async def test_decimal(db: Database, price: str) -> None:
    await add(db, price=Decimal(price))
    assert await find(db, rows.c.price, rows.c.price == Decimal(price)) == [Decimal(price)]


async def test_decimal_sum_and_comparison(db: Database) -> None:
    for price in ("0.10", "0.10", "0.10", "7"):
        await add(db, price=Decimal(price))
    assert await find(db, func.sum(rows.c.price)) == [Decimal("7.30")]
    assert await find(db, func.sum(rows.c.price), rows.c.price < 1) == [Decimal("0.30")]
    assert await find(db, rows.c.price, rows.c.price + Decimal("0.01") > 7) == [Decimal(7)]


async def test_enum_stores_values(db: Database) -> None:
    await add(db, status=Status.IN_PROGRESS)
    assert await find(db, rows.c.status) == [Status.IN_PROGRESS]
    assert await find(db, unchecked.c.status) == ["in-progress"]


async def test_enum_rejects_other_values(db: Database) -> None:
    with pytest.raises(DBAPIError):
        async with db.writer.begin() as connection:
            await connection.execute(insert(unchecked).values(id=1, status="closed"))


async def test_text_is_compared_exactly(db: Database) -> None:
    await add(db, text="Größe ")
    for other in ("größe ", "Grösse ", "Größe", "Groesse "):
        assert await find(db, rows.c.text, rows.c.text == other) == []
    assert await find(db, rows.c.text, rows.c.text == "Größe ") == ["Größe "]


async def test_timestamp(db: Database) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678901, timezone(timedelta(hours=5, minutes=30)))
    await add(db, at=at)
    (found,) = await find(db, rows.c.at)
    assert (found, found.tzinfo) == (at, UTC)


async def test_timestamp_without_time_zone(db: Database) -> None:
    with pytest.raises(StatementError):
        await add(db, at=datetime(2026, 1, 2))


async def test_time_text_and_json(db: Database) -> None:
    values = {"opens": time(23, 59, 59, 999999), "notes": "ä" * 70_000, "tags": ["a", None, 1.5]}
    await add(db, **values)
    for name, value in values.items():
        assert await find(db, rows.c[name]) == [value]
    await add(db, tags=None)
    assert len(await find(db, rows.c.id, rows.c.tags.is_(None))) == 1


@pytest.mark.parametrize("name", DIALECTS)
def test_column_types_of_each_database(name: str) -> None:
    types = [column.type for column in rows.columns if column.name != "id"]
    assert "; ".join(it.compile(DIALECTS[name]) for it in types) == COLUMNS[name]


@pytest.mark.parametrize("name", DIALECTS)
def test_only_sqlite_stores_decimals_as_integers(name: str) -> None:
    price, dialect = ExactDecimal(18, 2), DIALECTS[name]
    stored = 10 if name == "sqlite" else Decimal("0.10")
    assert price.process_bind_param(Decimal("0.10"), dialect) == stored
    assert price.process_result_value(stored, dialect) == Decimal("0.10")
    assert price.process_bind_param(None, dialect) is None
    assert price.process_result_value(None, dialect) is None
