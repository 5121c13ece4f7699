"""Units of work outside requests. Misuse raises an error and leaks no connection."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import QueuePool, TextClause, text
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.database import Database, SessionError
from app.db.session import connect
from app.settings import Settings

ANY = select(func.count())
WRITE = text("INSERT INTO alembic_version (version_num) VALUES (:name)")
WRITTEN = text("SELECT count(*) FROM alembic_version WHERE version_num = :name")
REMOVE = text("DELETE FROM alembic_version WHERE version_num = :name")


class Base(DeclarativeBase):
    """Its tables are never created."""


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)


async def execute(session: AsyncSession, statement: TextClause, name: str = "written") -> int:
    """Execute a statement on `alembic_version`. Return the selected number, or the rowcount."""
    result = await (await session.connection()).execute(statement, {"name": name})
    return int(result.scalar() or 0) if result.returns_rows else result.rowcount


@pytest.fixture(autouse=True)
async def no_connection_leaks(db: Database) -> AsyncGenerator[None]:
    yield
    for engine in (db.writer, db.reader):
        assert isinstance(engine.pool, QueuePool)
        assert engine.pool.checkedout() == 0


async def test_commit(db: Database) -> None:
    async with db.unit() as session:
        await execute(session, WRITE)
    async with db.unit(read_only=True) as session:
        assert await execute(session, WRITTEN) == 1
    async with db.unit() as session:
        await execute(session, REMOVE)


async def test_rollback_after_error(db: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.unit() as session:
            await execute(session, WRITE)
            raise ZeroDivisionError
    async with db.unit(read_only=True) as session:
        assert await execute(session, WRITTEN) == 0


async def test_session_after_its_unit_of_work(db: Database) -> None:
    async with db.unit() as session:
        await session.exec(ANY)
    with pytest.raises(SessionError, match="has ended"):
        await session.exec(ANY)
    with pytest.raises(InvalidRequestError, match="closed"):
        await session.connection()


async def test_session_in_another_task(db: Database) -> None:
    async with db.unit() as session:
        with pytest.raises(SessionError, match="in another task"):
            await asyncio.gather(*(session.exec(ANY) for _ in range(2)))


async def test_flush_in_another_task(db: Database) -> None:
    async with db.unit() as session:
        session.add(Note(id=1))
        with pytest.raises(SessionError, match="in another task"):
            await asyncio.create_task(session.flush())
        session.expunge_all()


async def test_session_in_a_thread(db: Database) -> None:
    async with db.unit() as session:
        with pytest.raises(SessionError, match="in a thread"):
            await asyncio.to_thread(lambda: session.sync_session.exec(ANY))


async def test_read_only_rejects_statement(db: Database) -> None:
    with pytest.raises(SessionError, match="is read-only"):
        async with db.unit(read_only=True) as session:
            await execute(session, WRITE)
    async with db.unit(read_only=True) as session:
        assert await execute(session, WRITTEN) == 0


async def test_connections_are_closed_at_the_end(settings: Settings) -> None:
    async with Database().connect(settings) as other:
        pools = [other.writer.pool, other.reader.pool]
        for read_only in (False, True):
            async with other.unit(read_only=read_only) as session:
                await session.exec(ANY)
        assert [isinstance(pool, QueuePool) and pool.checkedin() for pool in pools] == [1, 1]
    assert [isinstance(pool, QueuePool) and pool.checkedin() for pool in pools] == [0, 0]
    with pytest.raises(SessionError, match="not connected"):
        async with other.unit():
            pass


async def test_concurrent_transactions_of_two_processes(settings: Settings) -> None:
    async def read_and_write(db: Database, name: str) -> None:
        async with db.unit() as session:
            await execute(session, WRITTEN)
            await execute(session, WRITE, name)

    async with Database().connect(settings) as one, Database().connect(settings) as other:
        pairs = [(db, f"{number}-{n}") for number, db in enumerate((one, other)) for n in range(10)]
        await asyncio.gather(*(read_and_write(db, name) for db, name in pairs))
        async with one.unit() as session:
            for _, name in pairs:
                assert await execute(session, REMOVE, name) == 1


async def test_not_connected() -> None:
    with pytest.raises(SessionError, match="not connected"):
        async with Database().unit():
            pass


async def test_second_application_leaves_the_first_one_connected(
    db: Database, settings: Settings
) -> None:
    for _ in range(2):
        async with connect(settings) as second, second.unit() as session:
            await execute(session, WRITTEN)
        async with db.unit(read_only=True) as session:
            await execute(session, WRITTEN)
