"""A value that a column cannot have is a 4xx, however a route gets it and writes it."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient
from pydantic import BaseModel
from sqlalchemy import CheckConstraint, Integer, SmallInteger, bindparam, insert
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select

from app.api import include_domain
from app.db.database import Database
from app.db.session import DatabaseDep
from app.db.types import ExactString, Timestamp


class OwnTables(SQLModel, registry=registry()):
    """Keeps the table below out of the service's own."""


class Event(OwnTables, table=True):
    __tablename__ = "test_values"
    __table_args__ = (CheckConstraint("percent <= 100", name="percent"),)

    id: int | None = Field(default=None, primary_key=True)
    at: datetime | None = Field(default=None, sa_type=Timestamp)
    until: datetime | None = None
    name: str = Field(default="x", sa_type=ExactString(10))
    percent: int
    size: int = Field(default=0, sa_type=SmallInteger)
    ratio: float | None = None


class EventCreate(BaseModel):
    at: datetime | None = None
    until: datetime | None = None
    name: str = "x"
    percent: int | None = 0
    size: int = 0
    ratio: float | None = None


routes = APIRouter(prefix="/test-values")


@routes.post("/schema", status_code=201)
async def create(new: EventCreate, db: DatabaseDep) -> None:
    async with db.unit() as session:
        session.add(Event(**new.model_dump()))


@routes.post("/model", status_code=201)
async def create_from_model(new: Event, db: DatabaseDep) -> None:
    async with db.unit() as session:
        session.add(new)


@routes.post("/flush", status_code=201)
async def create_many(new: list[EventCreate], db: DatabaseDep) -> None:
    async with db.unit() as session:
        session.add_all([Event(**each.model_dump()) for each in new])


@routes.post("/insert", status_code=201)
async def insert_many(new: list[EventCreate], db: DatabaseDep) -> None:
    async with db.unit() as session:
        await session.exec(insert(Event), params=[each.model_dump() for each in new])


@routes.get("")
async def count(db: DatabaseDep, since: datetime) -> int:
    async with db.unit(read_only=True) as session:
        return len((await session.exec(select(Event.id).where(col(Event.at) > since))).all())


@routes.get("/mistake")
async def forget_parameter(db: DatabaseDep) -> None:
    async with db.unit(read_only=True) as session:
        await (await session.connection()).execute(select(bindparam("forgotten", type_=Integer)))


@pytest.fixture(scope="module", autouse=True)
async def tables(app: FastAPI, db: Database) -> AsyncGenerator[None]:
    include_domain(app, routes)
    async with db.writer.begin() as connection:
        await connection.run_sync(OwnTables.metadata.create_all)
    yield
    async with db.writer.begin() as connection:
        await connection.run_sync(OwnTables.metadata.drop_all)


NAIVE = "2026-01-01T12:00:00"
BEFORE_YEAR_1 = "0001-01-01T00:00:00+14:00"  # in UTC
VALUES: list[tuple[dict[str, Any], int]] = [
    ({"at": NAIVE}, 422),
    ({"until": NAIVE}, 422),
    ({"at": BEFORE_YEAR_1}, 400),
    ({"at": "9999-12-31T23:59:59-14:00"}, 400),
    ({"percent": None}, 400),
    ({"percent": 101}, 400),
    ({"percent": 2**70}, 400),
    ({"size": 2**31}, 400),
    ({"name": "x" * 11}, 400),
    ({"name": "\0"}, 400),
    ({"ratio": "NaN"}, 400),
    ({"ratio": "inf"}, 400),
    ({"ratio": "-inf"}, 400),
]
STORED = {
    "sqlite": ["{'size'", "{'name'", "{'ratio'"],
    "postgresql": ["{'ratio'"],
    "mysql": [r"{'name': '\x00'"],
}


@pytest.mark.parametrize(("path", "many"), [("schema", False), ("flush", True), ("insert", True)])
@pytest.mark.parametrize(
    ("value", "expected"), VALUES, ids=[str(value)[:30] for value, _ in VALUES]
)
async def test_refused_value(
    client: AsyncClient, db: Database, path: str, many: bool, value: dict[str, Any], expected: int
) -> None:
    response = await client.post(f"/test-values/{path}", json=[{}, value] if many else value)
    if str(value).startswith(tuple(STORED[db.writer.dialect.name])):
        expected = 201
    assert response.status_code == expected, response.text


@pytest.mark.parametrize("at", [NAIVE, "2026-01-01T12:00:00Z", "no time"])
async def test_table_model_as_body(client: AsyncClient, at: str) -> None:
    """SQLModel does not validate it, so that a time is a string."""
    assert (await client.post("/test-values/model", json={"at": at})).status_code == 422


@pytest.mark.parametrize(("since", "expected"), [(NAIVE, 422), (BEFORE_YEAR_1, 400)])
async def test_refused_query_parameter(client: AsyncClient, since: str, expected: int) -> None:
    response = await client.get("/test-values", params={"since": since})
    assert response.status_code == expected
    if expected == 422:
        assert "UTC offset" in response.json()["detail"]
        assert response.json()["errors"] == []


async def test_missing_value_of_a_statement_is_a_mistake_of_the_code(client: AsyncClient) -> None:
    assert (await client.get("/test-values/mistake")).status_code == 500
