"""`manage users`. The command runs in a thread, with its own engines."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from httpx2 import AsyncClient
from sqlmodel import select, update

from app.auth import commands
from app.auth.models import User, UserSession
from app.cli import manage
from app.db.database import Database
from app.db.models import now
from app.settings import Settings
from tests.auth.fixtures import PASSWORD

EMAIL = "root@example.com"
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(commands, "connect", lambda settings: type(db)().connect(settings))
    monkeypatch.setattr(commands, "read_settings", lambda: settings)

    async def run(
        command: str, email: str = EMAIL, password: str = PASSWORD, typed: str = ""
    ) -> Result:
        env = {} if typed else {"SUPERUSER_EMAIL": email, "SUPERUSER_PASSWORD": password}
        return await asyncio.to_thread(
            lambda: CliRunner().invoke(manage, ["users", command], input=typed, env=env)
        )

    return run


async def test_create_superuser(client: AsyncClient, run: Run) -> None:
    result = await run("create-superuser", email="Root@Example.com")
    assert (result.exit_code, result.output) == (0, f"Created the superuser {EMAIL}.\n")
    form = {"username": EMAIL, "password": PASSWORD}
    assert (await client.post("/auth/session/login", data=form)).status_code == 204
    me = (await client.get("/users/me")).json()
    assert (me["is_superuser"], me["is_verified"]) == (True, True)
    assert (await client.get("/users")).status_code == 200


async def test_create_superuser_with_typed_credentials(run: Run, db: Database) -> None:
    result = await run("create-superuser", typed=f"{EMAIL}\n{PASSWORD}\nanother\n{PASSWORD}\n" * 2)
    assert "do not match" in result.output
    result = await run("create-superuser", typed=f"{EMAIL}\n{PASSWORD}\n{PASSWORD}\n")
    assert (result.exit_code, PASSWORD in result.output) == (0, False), result.output
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(User.email))).all() == [EMAIL]


@pytest.mark.parametrize(
    ("email", "password", "code", "reason"),
    [
        (EMAIL, "short", 1, "12 to 1024"),
        (EMAIL, "x" * 1025, 1, "12 to 1024"),
        (EMAIL, "q1w2e3r4t5y6", 1, "too common"),
        ("root", PASSWORD, 2, "Invalid value for --email"),
        ("=?utf-8?q?x?=@example.com", PASSWORD, 2, "e-mail address"),
    ],
)
async def test_create_superuser_with_invalid_credentials(
    run: Run, db: Database, email: str, password: str, code: int, reason: str
) -> None:
    result = await run("create-superuser", email, password)
    assert (result.exit_code, reason in result.output) == (code, True), result.output
    assert password not in result.output
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(User))).all() == []


async def test_create_superuser_again(client: AsyncClient, run: Run) -> None:
    await run("create-superuser")
    # The policy does not matter, and neither does a missing password.
    for password in ("another long password", "short", ""):
        result = await run("create-superuser", password=password)
        expected = f"The superuser {EMAIL} exists already. Its password is unchanged.\n"
        assert (result.exit_code, result.output) == (0, expected)
    form = {"username": EMAIL, "password": PASSWORD}
    assert (await client.post("/auth/session/login", data=form)).status_code == 204


async def test_superuser_that_another_process_creates(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run("create-superuser")
    look_up = commands._is_superuser
    answers = [False]

    async def is_superuser(db: Database, email: str) -> bool:
        return answers.pop() if answers else await look_up(db, email)

    monkeypatch.setattr(commands, "_is_superuser", is_superuser)
    result = await run("create-superuser")
    assert (result.exit_code, "exists already" in result.output) == (0, True), result.output


async def test_password_is_no_argument(run: Run) -> None:
    arguments = ["users", "create-superuser", "--password", PASSWORD]
    result = CliRunner().invoke(manage, arguments, env={"SUPERUSER_EMAIL": EMAIL})
    assert result.exit_code == 2, result.output
    assert "No such option" in result.output


async def test_create_superuser_without_password(run: Run) -> None:
    result = await run("create-superuser", password="")
    assert (result.exit_code, "SUPERUSER_PASSWORD" in result.output) == (1, True), result.output


async def test_create_superuser_with_taken_address(
    run: Run, user: User, user_client: AsyncClient
) -> None:
    result = await run("create-superuser", user.email)
    assert (result.exit_code, "account" in result.output) == (1, True), result.output
    assert (await user_client.get("/users/me")).json()["is_superuser"] is False


async def test_purge_sessions(client: AsyncClient, run: Run, user: User, db: Database) -> None:
    form = {"username": user.email, "password": PASSWORD}
    for _ in range(2):
        await client.post("/auth/session/login", data=form)
    async with db.unit() as session:
        past = now() - timedelta(seconds=1)
        await session.exec(update(UserSession).values(expires_at=past))
    await client.post("/auth/session/login", data=form)
    for deleted in (2, 0):
        result = await run("purge-sessions")
        assert (result.exit_code, result.output) == (0, f"Deleted {deleted} sessions.\n")
    assert (await client.get("/users/me")).status_code == 200


def test_commands_are_listed() -> None:
    assert "purge-sessions" in CliRunner().invoke(manage, ["users"]).output
