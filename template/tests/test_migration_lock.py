"""One process migrates at a time. The others wait, and end with an error."""

import asyncio
import logging
from argparse import Namespace
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import ExitStack

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import URL, Connection

from app.db.engine import create_migrator
from app.settings import Settings
from migrations.database import migration_lock
from tests.conftest import alembic_config, settings_for
from tests.database import fresh_database


@pytest.fixture
def unmigrated(server: URL) -> Iterator[Settings]:
    with fresh_database(server) as url:
        yield settings_for(url, database_busy_timeout=0.1)


@pytest.fixture(autouse=True)
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrations.lock.POLL", 0.05)


Release = Callable[[], Awaitable[None]]


@pytest.fixture
async def release(unmigrated: Settings) -> AsyncGenerator[Release]:
    """Hold the lock, as another process does. Return what ends that."""
    held = ExitStack()

    def hold(connection: Connection) -> None:
        held.enter_context(migration_lock(connection, {}))
        held.enter_context(connection.begin())  # the lock of SQLite

    engine = create_migrator(unmigrated)
    async with engine.connect() as connection:
        await connection.run_sync(hold)
        yield lambda: connection.run_sync(lambda _: held.close())
        await connection.run_sync(lambda _: held.close())
    await engine.dispose()


def upgrade(settings: Settings, **arguments: object) -> None:
    """Run `alembic -x name=value upgrade head`."""
    config = alembic_config(settings)
    config.cmd_opts = Namespace(x=[f"{name}={value}" for name, value in arguments.items()])
    command.upgrade(config, "head")


@pytest.mark.usefixtures("release")
async def test_error_after_waiting(unmigrated: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "alembic")
    with pytest.raises(CommandError, match="Another process has been migrating this database"):
        await asyncio.to_thread(upgrade, unmigrated, wait=0.5)
    assert caplog.text.count("Waiting up to 0.5 seconds for the migration") == 1
    assert "Running upgrade" not in caplog.text


async def test_migrate_after_waiting(
    unmigrated: Settings, release: Release, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "alembic")
    waiting = asyncio.create_task(asyncio.to_thread(upgrade, unmigrated, wait=60))
    while "Waiting up to 60 seconds" not in caplog.text:  # noqa: ASYNC110  another thread logs it
        await asyncio.sleep(0.01)
    await release()
    await waiting
    assert "Running upgrade" in caplog.text
