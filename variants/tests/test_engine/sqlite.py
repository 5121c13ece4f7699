"""The connections to SQLite."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.database import Database
from app.db.engine import create_migrator, create_writer
from app.db.error_codes import is_unavailable
from app.settings import Settings
from migrations.database import migration_lock, prepare

WRITE = "DELETE FROM alembic_version WHERE version_num = ''"


async def pragmas(engine: AsyncEngine, *names: str) -> list[Any]:
    async with engine.connect() as connection:
        return [(await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in names]


async def test_pragmas(db: Database, settings: Settings) -> None:
    timeout = settings.database_busy_timeout * 1000
    names = "journal_mode", "synchronous", "foreign_keys", "query_only", "busy_timeout"
    assert await pragmas(db.writer, *names) == ["wal", 1, 1, 0, timeout]
    assert await pragmas(db.reader, "query_only", "busy_timeout") == [1, timeout]
    migrator = create_migrator(settings)
    assert await pragmas(migrator, *names) == ["wal", 1, 0, 0, timeout]


async def test_first_connection_waits_for_other_writers(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "without-wal.db"
    url = f"sqlite+aiosqlite:///{file}"
    engine = create_writer(settings.model_copy(update={"database_url": url}))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(pragmas(engine, "journal_mode"))
        assert (await asyncio.wait([waiting], timeout=0.1)) == (set(), {waiting})
        other.execute("COMMIT")
        assert await waiting == ["wal"]
    await engine.dispose()


async def test_migrations_that_begin_at_once_wait_for_each_other(settings: Settings) -> None:
    impatient = settings.model_copy(update={"database_busy_timeout": 0.01})
    engine = create_migrator(impatient)
    async with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):  # both see that no other process migrates
            await connection.run_sync(lambda it: migration_lock(it, {}).__enter__())
        await first.begin()
        waiting = asyncio.create_task(second.begin().start())
        assert (await asyncio.wait([waiting], timeout=0.1)) == (set(), {waiting})
        await first.rollback()
        await waiting
    await engine.dispose()


async def test_migration_refuses_a_connection_that_checks_foreign_keys(db: Database) -> None:
    async with db.writer.connect() as connection:
        with pytest.raises(CommandError, match="run `PRAGMA foreign_keys = OFF` on the connection"):
            await connection.run_sync(prepare, {})


async def test_one_connection_writes(db: Database, settings: Settings) -> None:
    async with db.writer.connect():
        assert "Pool size: 1 " in db.writer.pool.status()


async def test_transaction_takes_the_write_lock_at_once(settings: Settings) -> None:
    impatient = settings.model_copy(update={"database_busy_timeout": 0.01})
    one, other = create_writer(settings), create_writer(impatient)
    async with one.begin():
        with pytest.raises(DBAPIError, match="locked") as error:
            async with other.begin():
                pass
    assert is_unavailable(error.value)
    await one.dispose()
    await other.dispose()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_BUSY_RECOVERY, True),
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, False),
        (None, False),
    ],
)
def test_extended_codes_of_errors(code: int | None, expected: bool) -> None:
    error = sqlite3.Error()
    if code is not None:
        error.sqlite_errorcode = code
    assert is_unavailable(DBAPIError("", {}, error)) is expected


async def test_read_only_connection_is_replaced(settings: Settings) -> None:
    engine = create_writer(settings)
    with pytest.raises(DBAPIError, match="readonly") as error:
        async with engine.begin() as connection:
            await connection.exec_driver_sql("PRAGMA query_only = ON")  # like a read-only file
            await connection.exec_driver_sql(WRITE)
    assert error.value.connection_invalidated
    async with engine.begin() as connection:
        await connection.exec_driver_sql(WRITE)
    await engine.dispose()


async def test_cancelled_connection_gives_the_write_lock_back(settings: Settings) -> None:
    engine = create_writer(settings)
    connection = await engine.connect()
    await connection.begin()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    raw: sqlite3.Connection = driver._conn
    raw.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        raw.execute("SELECT 1")
    await connection.invalidate()
    async with engine.begin() as connection:
        await connection.exec_driver_sql(WRITE)
    await engine.dispose()
