"""No request fails when a migration changes the schema of a running service."""

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Annotated

import pytest
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations
from fastapi import APIRouter, Depends, FastAPI
from httpx2 import AsyncClient
from sqlalchemy import BigInteger, Column, Connection, Enum, Integer, MetaData, String, Text
from sqlmodel import Field, SQLModel, col, select, update

from app.api import include_domain
from app.db.database import Database
from app.db.engine import create_migrator
from app.db.session import Repository
from app.settings import Settings


class Counter(SQLModel, table=True):
    __tablename__ = "test_counters"
    metadata = MetaData()  # separates this table from those of the service
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=50)
    value: int = 0
    color: str = Field(default="red", sa_type=Enum("red", name="test_color"))


class Counters(Repository):
    async def list(self) -> Sequence[Counter]:
        return (await self.session.exec(select(Counter).order_by(col(Counter.id)))).all()


CountersDep = Annotated[Counters, Depends(Counters.provide)]
routes = APIRouter(prefix="/test-counters")


@routes.get("")
async def values(counters: CountersDep) -> list[int]:
    return [counter.value for counter in await counters.list()]


@routes.put("")
async def increment(counters: CountersDep) -> None:
    for counter in await counters.list():
        counter.value += 1


@routes.patch("")
async def increment_in_sql(counters: CountersDep) -> None:
    await counters.session.exec(update(Counter).values(value=Counter.value + 1))


@routes.post("")
async def add(counters: CountersDep) -> None:
    counters.session.add(Counter(name="another"))


# Each keeps the table as the old code needs it.
CHANGES: dict[str, Callable[[BatchOperations], None]] = {
    "wider": lambda table: table.alter_column(
        "name", type_=String(100), existing_type=String(50), existing_nullable=False
    ),
    "text": lambda table: table.alter_column(
        "name", type_=Text(), existing_type=String(50), existing_nullable=False
    ),
    "number": lambda table: table.alter_column(
        "value", type_=BigInteger(), existing_type=Integer(), existing_nullable=False
    ),
    "column": lambda table: table.add_column(Column("more", Integer)),
    "index": lambda table: table.create_index("ix_test_counters_value", ["value"]),
}


@pytest.fixture
async def table(app: FastAPI, db: Database) -> AsyncGenerator[None]:
    include_domain(app, routes)
    async with db.writer.begin() as connection:
        await connection.run_sync(Counter.metadata.create_all)
    yield
    async with db.writer.begin() as connection:
        await connection.run_sync(Counter.metadata.drop_all)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
@pytest.mark.parametrize("change", CHANGES)
async def test_schema_change(
    change: str, method: str, client: AsyncClient, settings: Settings
) -> None:
    await client.post("/test-counters")
    for _ in range(8):  # drivers prepare a statement at once, or when it has run five times
        assert (await client.request(method, "/test-counters")).status_code == 200
    migrator = create_migrator(settings)
    async with migrator.begin() as connection:
        await connection.run_sync(alter, CHANGES[change])
    await migrator.dispose()
    for _ in range(3):
        assert (await client.request(method, "/test-counters")).status_code == 200


@pytest.mark.usefixtures("table")
async def test_new_table_and_type(client: AsyncClient, settings: Settings) -> None:
    for _ in range(8):
        assert (await client.post("/test-counters")).status_code == 200
    migrator = create_migrator(settings)
    async with migrator.begin() as connection:
        await connection.run_sync(Counter.metadata.drop_all)
        await connection.run_sync(Counter.metadata.create_all)
    await migrator.dispose()
    assert (await client.post("/test-counters")).status_code == 200


def alter(connection: Connection, change: Callable[[BatchOperations], None]) -> None:
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("test_counters") as table:
        change(table)
