"""Reads from the standby at DATABASE_READ_URL, or from the primary if it is unavailable."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.database import Database
from app.db.engine import create_reader
from app.db.settings import DatabaseSettings

RETRY = 10  # seconds until a unit of work tries an unavailable standby again
# Set for each request. Elsewhere, as in jobs, reads use the primary and see each earlier write.
may_be_stale: ContextVar[bool] = ContextVar("may_be_stale", default=False)

log = structlog.get_logger()


def read_from_standby(db: Database, settings: DatabaseSettings) -> None:
    """Let the read-only units of `db` use the standby where `may_be_stale` is set."""
    url = {"database_url": settings.database_read_url}
    engine = db.engines["standby"] = create_reader(settings.model_copy(update=url))
    open_primary = db.open_to_read
    retry_at: float | None = None  # None while the standby answers

    @asynccontextmanager
    async def open_to_read(**options: Any) -> AsyncGenerator[AsyncSession]:
        nonlocal retry_at
        if may_be_stale.get() and (retry_at is None or monotonic() > retry_at):
            if retry_at is not None:
                retry_at = monotonic() + RETRY  # other units do not wait for this one
            async with open_primary(bind=engine, **options) as session:
                try:
                    await session.connection()
                except (DBAPIError, PoolTimeout) as error:
                    if retry_at is None:
                        log.warning("standby is away, reading from the primary", reason=repr(error))
                    retry_at = monotonic() + RETRY
                else:
                    if retry_at is not None:
                        log.info("reading from the standby again")
                    retry_at = None
                    yield session
                    return
        async with open_primary(**options) as session:
            yield session

    db.open_to_read = open_to_read
