"""Safe methods get a read-only unit of work, which rejects every kind of write."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from httpx2 import AsyncClient
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    make_transient_to_detached,
    mapped_column,
)

from app.api import include_domain
from app.db.database import Database, SessionError, TransactionConflict
from app.db.session import Repository

SAFE, UNSAFE = ["GET", "HEAD", "OPTIONS"], ["POST", "PUT", "PATCH", "DELETE"]
RepositoryDep = Annotated[Repository, Depends(Repository.provide)]
routes = APIRouter(prefix="/test-read-only")
read_only: dict[str, bool] = {}


class Base(DeclarativeBase):
    """Its tables are never created."""


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


def add_note(session: Session) -> None:
    session.add(Note(id=1, text="new"))


def stored_note(session: Session) -> Note:
    """A note that seems to be in the database."""
    note = Note(id=1, text="old")
    make_transient_to_detached(note)
    session.add(note)
    return note


def change_note(session: Session) -> None:
    stored_note(session).text = "new"


def delete_note(session: Session) -> None:
    session.delete(stored_note(session))


@routes.api_route("", methods=[*SAFE, *UNSAFE], include_in_schema=False)
async def remember(repository: RepositoryDep, request: Request) -> None:
    read_only[request.method] = repository.session.info["read_only"]


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


async def test_safe_methods_are_read_only(client: AsyncClient) -> None:
    for method in SAFE + UNSAFE:
        assert (await client.request(method, "/test-read-only")).status_code == 200
    assert read_only == dict.fromkeys(SAFE, True) | dict.fromkeys(UNSAFE, False)


@pytest.mark.parametrize("statement", [insert(Note), update(Note), delete(Note)], ids=str)
async def test_read_only_rejects_orm_statement(db: Database, statement: Any) -> None:
    async with db.unit(read_only=True) as session:
        with pytest.raises(SessionError, match="is read-only"):
            await session.exec(statement)


@pytest.mark.parametrize("change", [add_note, change_note, delete_note])
async def test_read_only_rejects_changed_objects(
    db: Database, change: Callable[[Session], None]
) -> None:
    with pytest.raises(SessionError, match="is read-only"):
        async with db.unit(read_only=True) as session:
            change(session.sync_session)
    async with db.unit(read_only=True) as session:
        change(session.sync_session)
        with pytest.raises(SessionError, match="is read-only"):
            await session.flush()
        session.expunge_all()


@pytest.mark.parametrize(
    ("read_only", "statement", "expected"),
    [
        (True, "SELECT 1", TransactionConflict),
        (False, "SELECT 1", OperationalError),  # it may have been the COMMIT
        (True, None, OperationalError),  # there was no connection
    ],
)
async def test_read_that_lost_its_connection_is_retried(
    db: Database, read_only: bool, statement: str | None, expected: type[Exception]
) -> None:
    lost = OperationalError(statement, None, Exception(), connection_invalidated=True)
    with pytest.raises(expected):
        async with db.unit(read_only=read_only):
            raise lost
