"""Tasks for the tests. They note in `done` that they ran."""

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import select

from app.db.database import Database
from app.db.ids import Id
from app.jobs.models import AT_ONCE, Job
from app.jobs.queue import Jobs
from app.jobs.run import once
from app.jobs.task import task

done: list[Any] = []
errors: list[Exception] = []


@task
async def note(_: Database, name: str) -> None:
    """Note the name. Fail first, as often as there are errors."""
    if errors:
        raise errors.pop()
    done.append(name)


@task
async def note_types(_: Database, own_id: Id, amount: Decimal, *, at: datetime = AT_ONCE) -> None:
    done.extend([own_id, amount, at])


@task
async def note_once(db: Database, error: bool = False) -> None:
    async with db.unit() as session:
        if await once(session):
            done.append("once")
    if error:
        raise ZeroDivisionError


@task
async def start_another_attempt(db: Database) -> None:
    """Do what another worker does when the lease ends, and go on."""
    async with db.unit() as session:
        (await session.exec(select(Job))).one().attempts += 1
    await note_once(db)


@task
async def add_another(db: Database) -> None:
    async with db.unit() as session:
        await Jobs.from_session(session).add(note, "another")


@task
async def never_ends(_: Database) -> None:
    await asyncio.Event().wait()
