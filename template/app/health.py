"""Liveness and readiness, for what starts, restarts and routes to the service."""

import asyncio
from typing import Literal

import structlog
from fastapi import FastAPI, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.db.database import Database, DatabaseDep
from app.db.schema import current_revisions, revisions
from app.errors import RETRY_AFTER, problem, problems

TIMEOUT = 5  # seconds

log = structlog.get_logger()


class Health(BaseModel):
    status: Literal["ok"] = "ok"


async def live() -> Health:
    """The process answers."""
    return Health()


async def ready(db: DatabaseDep) -> Health | Response:
    """The database answers, and its schema has what this code needs."""
    if (fault := await find_fault(db)) is not None:
        return problem(503, fault, RETRY_AFTER)
    return Health()


def include_health(app: FastAPI) -> None:
    # Without a router of their own, which would be a fifth of what liveness costs.
    app.get("/health/live", tags=["health"])(live)
    app.get("/health/ready", tags=["health"], response_model=Health, responses=problems(503))(ready)


async def warn_if_not_ready(db: Database) -> None:
    if (fault := await find_fault(db)) is not None:
        log.error(fault)


async def find_fault(db: Database) -> str | None:
    """What keeps the database from serving, in a sentence with its cure."""
    needed, known = await asyncio.to_thread(revisions)
    try:
        async with asyncio.timeout(TIMEOUT), db.unit(read_only=True) as session:
            found = await (await session.connection()).run_sync(current_revisions)
    except (SQLAlchemyError, TimeoutError) as error:
        log.warning("unavailable", reason=repr(getattr(error, "orig", error)))
        return "The database does not answer: see DATABASE_URL."
    if found >= needed or not found <= known:  # unknown: newer code has migrated, as it should
        return None
    return (
        f"The schema is at {' and '.join(found) or 'no revision'}, and the code needs "
        f"{' and '.join(needed)}: uv run alembic upgrade head"
    )
