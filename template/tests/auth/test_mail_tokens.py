"""A token in an e-mail is valid once, for the address that it was sent to."""

import asyncio
import time

import jwt
import pytest
from httpx2 import AsyncClient
from sqlmodel import update

from app.auth.errors import BadToken
from app.auth.manager import UserManager
from app.auth.models import User
from app.db.database import Database
from app.settings import Settings
from tests.auth.fixtures import PASSWORD, Accounts, Outbox

NEW = "another long password"


MINUTE, HOUR = 60, 3600  # seconds


async def use(client: AsyncClient, path: str, token: str, **more: str) -> int:
    return (await client.post(path, json={"token": token, **more})).status_code


async def test_concurrent_password_resets(client: AsyncClient, user: User, outbox: Outbox) -> None:
    await client.post("/auth/forgot-password", json={"email": user.email})
    token = outbox[-1][2]
    passwords = [f"{NEW} {n}" for n in range(4)]
    statuses = await asyncio.gather(
        *(use(client, "/auth/reset-password", token, password=each) for each in passwords)
    )
    assert sorted(statuses) == [200, 400, 400, 400]
    form = {"username": user.email, "password": passwords[statuses.index(200)]}
    assert (await client.post("/auth/jwt/login", data=form)).status_code == 200


async def test_lifetimes(
    client: AsyncClient, user: User, accounts: Accounts, outbox: Outbox, db: Database
) -> None:
    async with db.unit() as session:
        await session.exec(update(User).values(is_verified=False))
    await client.post("/auth/forgot-password", json={"email": user.email})
    await client.post("/auth/request-verify-token", json={"email": user.email})
    body = {"current_password": PASSWORD, "email": "new@example.com"}
    await client.post("/users/me/email", json=body, headers=accounts.headers(user))
    letters = [jwt.decode(it[2], options={"verify_signature": False}) for it in outbox]
    left = {claims["aud"]: claims["exp"] - time.time() for claims in letters}
    expected = {"reset": 15 * MINUTE, "verify": 24 * HOUR, "email": HOUR}
    assert left == pytest.approx(expected, abs=30)


async def test_confirm_email_once(
    client: AsyncClient, user: User, outbox: Outbox, db: Database
) -> None:
    async with db.unit() as session:
        await session.exec(update(User).values(is_verified=False))
    await client.post("/auth/request-verify-token", json={"email": user.email})
    token = outbox[-1][2]
    assert [await use(client, "/auth/verify", token) for _ in range(2)] == [200, 400]


async def test_reset_token_is_invalid_after_email_change(
    client: AsyncClient, user: User, accounts: Accounts, outbox: Outbox
) -> None:
    await client.post("/auth/forgot-password", json={"email": user.email})
    reset = outbox[-1][2]
    body = {"current_password": PASSWORD, "email": "new@example.com"}
    await client.post("/users/me/email", json=body, headers=accounts.headers(user))
    assert await use(client, "/users/confirm-email", outbox[-1][2]) == 200
    assert await use(client, "/auth/reset-password", reset, password=NEW) == 400


async def test_each_error_is_a_new_object(db: Database, settings: Settings) -> None:
    async with db.unit(read_only=True) as session:
        manager = UserManager.from_session(session, settings)
        with pytest.raises(BadToken) as one:
            await manager.confirm_email("x")
        with pytest.raises(BadToken) as another:
            await manager.confirm_email("x")
    assert one.value is not another.value  # a shared one would collect tracebacks
