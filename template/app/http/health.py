"""Liveness and readiness, for orchestrators and load balancers."""

import asyncio
from typing import Literal

import structlog
from fastapi import Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from app.db.database import Database, TransactionConflict
from app.db.schema_version import database_revisions, known_revisions
from app.db.session import DatabaseDep
from app.http.problems import RETRY_AFTER, problem_response, problems
from app.http.routing import PrefixRouter

TIMEOUT = 5  # seconds

log = structlog.get_logger()
router = PrefixRouter(prefix="/health", tags=["health"], responses=problems(413))


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/live")
async def check_liveness() -> Health:
    """The process answers. This does not use the database."""
    return Health()


@router.get("/ready", response_model=Health, responses=problems(503))
async def check_readiness(db: DatabaseDep) -> Health | Response:
    """The database answers, and its schema has the revisions that this code needs."""
    if (reason := await why_not_ready(db)) is not None:
        return problem_response(503, reason, RETRY_AFTER)
    return Health()


async def warn_if_not_ready(db: Database) -> None:
    try:
        if (reason := await why_not_ready(db)) is not None:
            log.error(reason)
    except Exception:  # an error in this task would end the lifespan
        log.exception("readiness is unknown")


async def why_not_ready(db: Database) -> str | None:
    """Why the database is not ready and how to fix it, or None."""
    try:
        needed, known = await asyncio.to_thread(known_revisions)
        async with asyncio.timeout(TIMEOUT), db.unit(read_only=True) as session:
            found = await (await session.connection()).run_sync(database_revisions)
    except FileNotFoundError as error:
        return f"There are no migrations: {error.filename} is missing. Install it with the service."
    except (SQLAlchemyError, TransactionConflict, TimeoutError) as error:
        log.warning("unavailable", reason=repr(getattr(error, "orig", error)))
        return "The database does not answer: check DATABASE_URL."
    # With an unknown revision, a newer release has already migrated the database.
    if found >= needed or not found <= known:
        return None
    return (
        f"The schema is at {' and '.join(found) or 'no revision'}, but the code needs "
        f"{' and '.join(needed)}: run `alembic upgrade head`, or `just migrate` in development."
    )
