"""Commands for jobs: `uv run manage jobs`."""

import asyncio
import signal
from collections.abc import Sequence
from uuid import UUID

import click
from sqlmodel import col, func, select, update

from app.db.models import now
from app.db.session import connect
from app.jobs import relay as relays
from app.jobs.broker import connect_broker
from app.jobs.models import AT_ONCE, Job
from app.logging import configure_logging
from app.settings import Settings, read_settings


@click.group()
def jobs() -> None:
    """Manage jobs."""


@jobs.command()
def relay() -> None:
    """Send jobs to the workers."""
    settings = read_settings()
    if settings.broker_url is None:
        raise SystemExit("Set BROKER_URL. Without it, the service runs the jobs itself.")
    configure_logging(settings)
    asyncio.run(_relay(settings))


async def _relay(settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # With REPEATABLE READ, MySQL would block requests that add jobs. SQLite has no such setting.
    level = {"database_isolation_level": "READ COMMITTED"}
    async with connect(settings.model_copy(update=level)) as db:
        await relays.relay(db, settings, connect_broker, stopped)


@jobs.command("list")
@click.option("--failed", is_flag=True, help="Only jobs that have failed.")
def list_jobs(failed: bool) -> None:
    """List the jobs that are not done, the oldest first."""
    for job in asyncio.run(_list(read_settings(), failed)):
        state = "waits" if job.due_at else "FAILED"
        line = f"{job.id} {job.created_at:%Y-%m-%d %H:%M:%S} {state} {job.task}"
        click.echo(f"{line} {job.attempts} attempts {job.error or ''}".rstrip())


async def _list(settings: Settings, failed: bool) -> Sequence[Job]:
    query = select(Job).order_by(col(Job.created_at)).limit(1000)
    if failed:
        query = query.where(col(Job.due_at).is_(None))
    async with connect(settings) as db, db.unit(read_only=True) as session:
        return (await session.exec(query)).all()


@jobs.command()
@click.argument("ids", nargs=-1, type=click.UUID)
def retry(ids: Sequence[UUID]) -> None:
    """Send failed jobs again: all of them, or those with these IDS."""
    click.echo(f"{asyncio.run(_retry(read_settings(), ids))} jobs will be retried.")


async def _retry(settings: Settings, ids: Sequence[UUID]) -> int:
    failed = update(Job).where(col(Job.due_at).is_(None))
    if ids:
        failed = failed.where(col(Job.id).in_(ids))
    async with connect(settings) as db, db.unit() as session:
        return (await session.exec(failed.values(due_at=AT_ONCE, attempts=0))).rowcount


@jobs.command()
def check() -> None:
    """Exit with an error if a job has waited too long for a worker. For health checks."""
    if count := asyncio.run(_count_overdue(read_settings())):
        raise SystemExit(f"{count} jobs wait. Are the broker, a relay and a worker running?")


async def _count_overdue(settings: Settings) -> int:
    overdue = select(func.count()).where(
        col(Job.due_at).is_not(None),
        col(Job.attempts) == 0,
        col(Job.created_at) < now() - settings.job_lease,
    )
    async with connect(settings) as db, db.unit(read_only=True) as session:
        return (await session.exec(overdue)).one()
