"""Runs the function `measure(db)` in the `metrics.py` of each domain."""

import asyncio
from types import ModuleType

import structlog

from app.db.database import Database

PAUSE = 15  # seconds after an error

log = structlog.get_logger()


async def measure(domain: ModuleType, db: Database) -> None:
    """Run the function until the task is cancelled. Its errors would end the lifespan."""
    while True:
        try:
            await domain.measure(db)
            return
        except Exception:
            log.exception("not measured", module=domain.__name__)
        await asyncio.sleep(PAUSE)
