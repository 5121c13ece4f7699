"""Users for tests: one, a superuser, and clients that are signed in as them."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from app.auth import guards, mail, passwords
from app.auth.mail import Letter
from app.auth.manager import UserManager
from app.auth.models import User
from app.auth.tokens import BEARER, issue
from app.db.database import Database

PASSWORD = "correct horse battery"
Outbox = list[tuple[Letter, str, str]]


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 at its cheapest: milliseconds instead of a tenth of a second each."""
    cheap = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", PasswordHash((cheap, BcryptHasher(rounds=4))))
    passwords.nobodys_hash.cache_clear()


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    storage: Any = storage_from_string("async+memory://")
    monkeypatch.setattr(guards, "limiter", MovingWindowRateLimiter(storage))


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """What was mailed: the letter, to whom, and its token."""
    sent: Outbox = []

    async def send(letter: Letter, to: str, token: str = "") -> None:
        sent.append((letter, to, token))

    monkeypatch.setattr(mail, "send", send)
    return sent


async def add_user(db: Database, email: str, password: str = PASSWORD, **flags: bool) -> User:
    async with db.unit() as session:
        return await UserManager.of(session).register(email, password, is_verified=True, **flags)


@pytest.fixture
async def user(anyio_backend: str, db: Database) -> User:
    return await add_user(db, "user@example.com")


@pytest.fixture
async def superuser(anyio_backend: str, db: Database) -> User:
    return await add_user(db, "super@example.com", is_superuser=True)


async def bearer_headers(user: User) -> dict[str, str]:
    return {"authorization": f"Bearer {issue(user, BEARER, seconds=60)}"}


@pytest.fixture
async def user_client(transport: ASGITransport, user: User) -> AsyncGenerator[AsyncClient]:
    headers = await bearer_headers(user)
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


@pytest.fixture
async def superuser_client(
    transport: ASGITransport, superuser: User
) -> AsyncGenerator[AsyncClient]:
    headers = await bearer_headers(superuser)
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client
