"""Commands for users: `uv run just run manage users`."""

import asyncio
import os

import click

from app.auth.errors import EmailTaken
from app.auth.manager import UserManager
from app.auth.models import UserSession, normalize_email
from app.auth.repository import UserRepository
from app.db.database import Database
from app.db.purge import delete_expired
from app.db.session import connect
from app.errors import DomainError
from app.settings import Settings, read_settings


@click.group()
def users() -> None:
    """Manage users."""


@users.command()
@click.option(
    "--email", prompt="E-mail (SUPERUSER_EMAIL)", envvar="SUPERUSER_EMAIL", show_envvar=True
)
def create_superuser(email: str) -> None:
    """Create a superuser, unless it exists. Set SUPERUSER_PASSWORD, or type the password."""
    if (normalized := normalize_email(email)) is None:
        raise click.BadParameter("it must be an e-mail address", param_hint="--email")
    try:
        created = asyncio.run(_create_superuser(read_settings(), normalized))
    except DomainError as error:
        raise SystemExit(str(error)) from error
    if created:
        click.echo(f"Created the superuser {normalized}.")
    else:
        click.echo(f"The superuser {normalized} exists already. Its password is unchanged.")


async def _create_superuser(settings: Settings, email: str) -> bool:
    """Return whether it did not exist. Raises WeakPassword, or EmailTaken by another user."""
    async with connect(settings) as db:
        if await _is_superuser(db, email):
            return False
        password = _read_password()
        try:
            async with db.unit() as session:
                manager = UserManager.from_session(session, settings)
                await manager.register(email, password, is_superuser=True, is_verified=True)
        except EmailTaken:
            if await _is_superuser(db, email):  # another process has created it meanwhile
                return False
            raise
    return True


async def _is_superuser(db: Database, email: str) -> bool:
    async with db.unit(read_only=True) as session:
        user = await UserRepository.from_session(session).get_by_email(email)
    return user is not None and user.is_superuser


def _read_password() -> str:
    # There is no option for it, because other programs can read the arguments of a process.
    if password := os.environ.get("SUPERUSER_PASSWORD"):
        return password
    prompt = "Password (SUPERUSER_PASSWORD)"
    typed: str = click.prompt(prompt, hide_input=True, confirmation_prompt=True)
    return typed


@users.command()
def purge_sessions() -> None:
    """Delete expired sessions. Run this once a day."""
    click.echo(f"Deleted {asyncio.run(_purge_sessions(read_settings()))} sessions.")


async def _purge_sessions(settings: Settings) -> int:
    async with connect(settings) as db:
        return await delete_expired(db, UserSession)
