"""Requests commit after success and roll back after an error."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from inspect import isawaitable
from typing import Annotated, Any, cast

import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException
from httpx2 import AsyncClient
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel, delete, select

from app.api import include_domain
from app.db.database import Database
from app.db.session import DatabaseDep, Repository
from tests.database import make_commit_fail


class Note(SQLModel, table=True):
    metadata = MetaData()  # separates this table from those of the service
    name: str = Field(primary_key=True, max_length=50)


NAMES = select(Note.name)


class Notes(Repository):
    async def add(self, name: str) -> None:
        self.session.add(Note(name=name))
        await self.session.flush()

    async def names(self) -> Sequence[str]:
        return (await self.session.exec(NAMES)).all()


ERRORS = {"refusal": HTTPException(418, "no"), "bug": RuntimeError("a bug")}
NotesDep = Annotated[Notes, Depends(Notes.provide)]
routes = APIRouter(prefix="/test")
finished: list[str] = []


@routes.get("/names")
async def names(notes: NotesDep) -> Sequence[str]:
    return await notes.names()


@routes.post("/add/{name}")
async def add(name: str, notes: NotesDep) -> None:
    await notes.add(name)


@routes.post("/raise/{error}")
async def raise_error(error: str, notes: NotesDep) -> None:
    await notes.add("raised")
    raise ERRORS[error]


@routes.post("/bad-response")
async def bad_response(notes: NotesDep) -> int:
    await notes.add("invalid response")
    return cast(int, "not a number")


@routes.post("/commit-fails")
async def commit_fails(notes: NotesDep) -> None:
    await notes.add("uncommitted")
    await make_commit_fail(notes.session)


@routes.post("/connection-lost")
async def connection_lost(notes: NotesDep) -> None:
    await notes.add("lost")
    raw = await (await notes.session.connection()).get_raw_connection()
    driver: Any = raw.driver_connection
    if isawaitable(closed := driver.close()):
        await closed


@routes.post("/later")
async def later(notes: NotesDep, db: DatabaseDep, tasks: BackgroundTasks) -> None:
    await notes.add("first")
    tasks.add_task(add_later, db)


async def add_later(db: Database) -> None:
    async with db.unit() as session:
        assert (await session.exec(NAMES)).all() == ["first"]  # it is already committed
        session.add(second := Note(name="second"))
    finished.append(second.name)  # an object can be read after the commit


@pytest.fixture(scope="module", autouse=True)
async def table(app: FastAPI, db: Database) -> AsyncGenerator[None]:
    include_domain(app, routes)
    async with db.writer.begin() as connection:
        await connection.run_sync(Note.metadata.create_all)
    yield
    async with db.writer.begin() as connection:
        await connection.run_sync(Note.metadata.drop_all)


@pytest.fixture(autouse=True)
async def empty(table: None, db: Database) -> AsyncGenerator[None]:
    yield
    async with db.unit() as session:
        await session.exec(delete(Note))


async def rows(client: AsyncClient) -> int:
    return len((await client.get("/test/names")).json())


async def test_commit_after_success(client: AsyncClient) -> None:
    assert (await client.post("/test/add/one")).status_code == 200
    assert await rows(client) == 1


@pytest.mark.parametrize(
    ("path", "status"), [("raise/refusal", 418), ("raise/bug", 500), ("bad-response", 500)]
)
async def test_rollback_after_error(client: AsyncClient, path: str, status: int) -> None:
    assert (await client.post(f"/test/{path}")).status_code == status
    assert await rows(client) == 0


async def test_failed_commit_is_an_error_response(client: AsyncClient) -> None:
    response = await client.post("/test/commit-fails")
    assert response.status_code in {409, 503}
    assert response.headers["content-type"] == "application/problem+json"
    assert await rows(client) == 0
    assert (await client.post("/test/add/next")).status_code == 200


async def test_lost_connection_is_an_error_response(client: AsyncClient) -> None:
    assert (await client.post("/test/connection-lost")).status_code in {500, 503}
    assert await rows(client) == 0
    assert (await client.post("/test/add/next")).status_code == 200


async def test_concurrent_duplicates_conflict(client: AsyncClient) -> None:
    responses = await asyncio.gather(*(client.post("/test/add/same") for _ in range(8)))
    assert sorted(response.status_code for response in responses) == [200] + [409] * 7
    assert await rows(client) == 1


async def test_background_task_runs_after_the_commit(client: AsyncClient) -> None:
    assert (await client.post("/test/later")).status_code == 200
    assert (finished, await rows(client)) == (["second"], 2)
