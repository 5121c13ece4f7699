"""Tasks of a domain, for fault injection."""

import asyncio

from app.db.database import Database
from app.jobs.run import once
from app.jobs.task import task
from sqlalchemy import text

INSERT = text("INSERT INTO job_effects (name) VALUES (:name)")


@task
async def effect(db: Database, name: str, seconds: float = 0) -> None:
    await asyncio.sleep(seconds)
    async with db.unit() as session:
        if await once(session):
            await (await session.connection()).execute(INSERT, {"name": name})


@task
async def break_down(_: Database) -> None:
    raise ZeroDivisionError
