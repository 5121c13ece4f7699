"""`uv run manage users`: what one does with users outside a request."""

import asyncio
from typing import Annotated

import typer
from fastapi import HTTPException

from app.auth.manager import UserManager
from app.auth.models import normal_email
from app.auth.store import SessionStore
from app.db.session import connect
from app.settings import Settings

users = typer.Typer(help=__doc__, no_args_is_help=True)


@users.command()
def create_superuser(
    email: Annotated[str, typer.Option(prompt=True, envvar="SUPERUSER_EMAIL")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, confirmation_prompt=True, hide_input=True, envvar="SUPERUSER_PASSWORD"
        ),
    ],
) -> None:
    """Make a superuser, who makes others; the password has to be as good as anyone's."""
    if (normal := normal_email(email)) is None:
        raise typer.BadParameter("it is not an e-mail address", param_hint="--email")
    try:
        asyncio.run(_create_superuser(normal, password))
    except HTTPException as error:
        raise SystemExit(error.detail) from error
    typer.echo(f"{normal} is a superuser.")


async def _create_superuser(email: str, password: str) -> None:
    async with connect(Settings()) as db, db.unit() as session:
        manager = UserManager.of(session)
        await manager.register(email, password, is_superuser=True, is_verified=True)


@users.command()
def purge_sessions() -> None:
    """Delete the sessions that are too old to be used; once a day is often enough."""
    typer.echo(f"{asyncio.run(_purge_sessions())} sessions deleted.")


async def _purge_sessions() -> int:
    async with connect(Settings()) as db, db.unit() as session:
        return await SessionStore.of(session).delete_expired()
