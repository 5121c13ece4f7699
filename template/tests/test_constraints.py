"""A violated constraint is a 409 if other rows cause the conflict, and a 400 if the value does."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    delete,
    insert,
)
from sqlalchemy.orm import DeclarativeBase

from app.api import include_domain
from app.db.database import Database, TransactionConflict
from app.db.session import DatabaseDep

metadata = MetaData()  # separates these tables from those of the service
parents = Table(
    "test_parents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(10), unique=True, nullable=False),
    Column("percent", Integer),
    Column("size", SmallInteger),
    CheckConstraint("percent <= 100", name="percent"),
)
children = Table(
    "test_children",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("no_action", ForeignKey(parents.c.id)),
    Column("restrict", ForeignKey(parents.c.id, ondelete="RESTRICT")),
    Column("cascade", ForeignKey(parents.c.id, ondelete="CASCADE")),
)


class Base(DeclarativeBase):
    pass


class Parent(Base):
    __table__ = parents


ROWS: list[Any] = [
    insert(parents).values([{"id": n, "name": f"parent {n}"} for n in (1, 2, 3)]),
    insert(children).values(id=1, no_action=1),
    insert(children).values(id=2, restrict=2),
    insert(children).values(id=3, cascade=3),
]
STATEMENTS: dict[str, tuple[Any, int]] = {
    "unique": (insert(parents).values(id=4, name="parent 1"), 409),
    "primary key": (insert(parents).values(id=1, name="another"), 409),
    "missing parent": (insert(children).values(id=4, no_action=9), 409),
    "NO ACTION": (delete(parents).where(parents.c.id == 1), 409),
    "RESTRICT": (delete(parents).where(parents.c.id == 2), 409),
    "CASCADE": (delete(parents).where(parents.c.id == 3), 204),
    "NOT NULL": (insert(parents).values(id=4, name=None), 400),
    "CHECK": (insert(parents).values(id=4, name="x", percent=101), 400),
    "too long": (insert(parents).values(id=4, name="x" * 11), 400),
    "out of range": (insert(parents).values(id=4, name="x", size=2**31), 400),
    "over 64 bits": (insert(parents).values(id=4, name="x", size=2**70), 400),
}
NOT_ENFORCED = {"sqlite": {"too long", "out of range"}}
routes = APIRouter(prefix="/test-constraints")


@routes.post("/{name}", status_code=204)
async def execute(name: str, db: DatabaseDep) -> None:
    async with db.unit() as session:
        await session.exec(STATEMENTS[name][0])


@pytest.fixture(scope="module", autouse=True)
async def tables(app: FastAPI, db: Database) -> AsyncGenerator[None]:
    include_domain(app, routes)
    async with db.writer.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield
    async with db.writer.begin() as connection:
        await connection.run_sync(metadata.drop_all)


@pytest.fixture(autouse=True)
async def rows(tables: None, db: Database) -> AsyncGenerator[None]:
    async with db.unit() as session:
        for statement in ROWS:
            await session.exec(statement)
    yield
    async with db.unit() as session:
        await session.exec(delete(children))
        await session.exec(delete(parents))


@pytest.mark.parametrize("name", STATEMENTS)
async def test_violated_constraint(client: AsyncClient, db: Database, name: str) -> None:
    expected = STATEMENTS[name][1]
    if name in NOT_ENFORCED.get(db.writer.dialect.name, set()):
        expected = 204
    response = await client.post(f"/test-constraints/{name}")
    assert response.status_code == expected, response.text


async def test_changed_row_that_another_transaction_has_deleted(db: Database) -> None:
    with pytest.raises(TransactionConflict):
        async with db.unit() as session:
            parent: Any = await session.get_one(Parent, 3)
            await session.exec(delete(children))
            await session.exec(delete(parents))
            parent.name = "changed"
