"""Commands for idempotency keys: `uv run just run manage idempotency`."""

import asyncio

import click

from app.db.purge import delete_expired
from app.db.session import connect
from app.http.models import IdempotencyKey
from app.settings import Settings, read_settings


@click.group()
def idempotency() -> None:
    """Manage idempotency keys."""


@idempotency.command()
def purge() -> None:
    """Delete expired idempotency keys. Run this once a day."""
    click.echo(f"Deleted {asyncio.run(_purge(read_settings()))} keys.")


async def _purge(settings: Settings) -> int:
    async with connect(settings) as db:
        return await delete_expired(db, IdempotencyKey)
