"""Fixtures for users. `tests/conftest.py` loads them for all tests."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from app.auth import mail, passwords
from app.auth.mail import Letter
from app.auth.manager import UserManager
from app.auth.models import User
from app.auth.rate_limit import RateLimiter
from app.auth.settings import AuthSettings
from app.auth.tokens import BEARER, TokenSigner
from app.db.database import Database
from app.settings import Settings

PASSWORD = "correct horse battery"
Headers = dict[str, str]
Outbox = list[tuple[Letter, str, str]]


@pytest.fixture(autouse=True)
def fast_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the cheapest Argon2 parameters: milliseconds instead of a tenth of a second."""
    cheap = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", PasswordHash((cheap, BcryptHasher(rounds=4))))
    passwords.dummy_hash.cache_clear()


@pytest.fixture(autouse=True)
def fresh_rate_limits(state: dict[str, Any], settings: Settings) -> None:
    assert isinstance(state["rate_limiter"], RateLimiter)  # from the lifespan
    state["rate_limiter"] = RateLimiter(settings)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    """The mail that was sent: the letter, its recipient and its token."""
    sent: Outbox = []

    async def send(_: AuthSettings, letter: Letter, to: str, token: str = "") -> None:
        sent.append((letter, to, token))

    monkeypatch.setattr(mail, "send", send)
    return sent


class Accounts:
    """Creates users and signs them in."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings

    async def add(self, email: str, password: str = PASSWORD, **flags: bool) -> User:
        async with self.db.unit() as session:
            manager = UserManager.from_session(session, self.settings)
            return await manager.register(email, password, is_verified=True, **flags)

    def headers(self, user: User) -> Headers:
        token = TokenSigner(self.settings).sign(user, BEARER, seconds=60)
        return {"authorization": f"Bearer {token}"}


@pytest.fixture
def accounts(db: Database, settings: Settings) -> Accounts:
    return Accounts(db, settings)


@pytest.fixture
async def user(accounts: Accounts) -> User:
    return await accounts.add("user@example.com")


@pytest.fixture
async def superuser(accounts: Accounts) -> User:
    return await accounts.add("super@example.com", is_superuser=True)


@pytest.fixture
async def other(accounts: Accounts) -> Headers:
    """The headers of a request from another user."""
    return accounts.headers(await accounts.add("other@example.com"))


@pytest.fixture
async def anonymous(transport: ASGITransport) -> AsyncGenerator[AsyncClient]:
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def user_client(
    transport: ASGITransport, accounts: Accounts, user: User
) -> AsyncGenerator[AsyncClient]:
    headers = accounts.headers(user)
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


@pytest.fixture
async def other_client(transport: ASGITransport, other: Headers) -> AsyncGenerator[AsyncClient]:
    async with AsyncClient(transport=transport, base_url="http://test", headers=other) as client:
        yield client


@pytest.fixture
async def superuser_client(
    transport: ASGITransport, accounts: Accounts, superuser: User
) -> AsyncGenerator[AsyncClient]:
    headers = accounts.headers(superuser)
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client
