"""Commands for users: `uv run manage users`."""

import asyncio
from typing import Annotated

import typer

from app.auth.manager import UserManager
from app.auth.models import normalize_email
from app.auth.repository import UserRepository
from app.db.session import connect
from app.errors import DomainError
from app.settings import Settings, read_settings

users = typer.Typer(help="Manage users.", no_args_is_help=True)


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
    """Create a superuser."""
    if (normalized := normalize_email(email)) is None:
        raise typer.BadParameter("it must be an e-mail address", param_hint="--email")
    try:
        asyncio.run(_create_superuser(read_settings(), normalized, password))
    except DomainError as error:
        raise SystemExit(str(error)) from error
    typer.echo(f"Created the superuser {normalized}.")


async def _create_superuser(settings: Settings, email: str, password: str) -> None:
    async with connect(settings) as db, db.unit() as session:
        manager = UserManager.from_session(session, settings)
        await manager.register(email, password, is_superuser=True, is_verified=True)


@users.command()
def purge_sessions() -> None:
    """Delete expired sessions. Run this once a day."""
    typer.echo(f"Deleted {asyncio.run(_purge_sessions(read_settings()))} sessions.")


async def _purge_sessions(settings: Settings) -> int:
    async with connect(settings) as db, db.unit() as session:
        return await UserRepository.from_session(session).delete_expired_sessions()
