"""The lifetime of cookie sessions and bearer tokens."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from sqlmodel import select, update

from app.auth.models import User, UserSession
from app.auth.repository import UserRepository
from app.db.database import Database
from app.db.models import now
from tests.auth.fixtures import PASSWORD, Accounts, Headers, Outbox

FORM = {"username": "user@example.com", "password": PASSWORD}
NEW = "another long password"


async def cookie_headers(client: AsyncClient) -> Headers:
    response = await client.post("/auth/session/login", data=FORM)
    client.cookies.clear()
    return {"cookie": f"session={response.cookies['session']}"}


async def status(client: AsyncClient, headers: Headers) -> int:
    return (await client.get("/users/me", headers=headers)).status_code


async def change_password(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    """Change the password as the user, with a cookie session."""
    body = {"current_password": PASSWORD, "new_password": NEW}
    headers = await cookie_headers(client)
    del client.headers["authorization"]
    return await client.post("/users/me/password", json=body, headers=headers)


async def reset_password(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    await client.post("/auth/forgot-password", json={"email": user.email})
    body = {"token": outbox[-1][2], "password": NEW}
    return await client.post("/auth/reset-password", json=body)


async def deactivate(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    return await client.patch(f"/users/{user.id}", json={"is_active": False})


async def delete(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    return await client.delete(f"/users/{user.id}")


@pytest.mark.parametrize("end", [change_password, reset_password, deactivate, delete])
async def test_sessions_and_tokens_end_after(
    client: AsyncClient,
    superuser_client: AsyncClient,
    user: User,
    outbox: Outbox,
    db: Database,
    accounts: Accounts,
    end: Any,
) -> None:
    credentials = [accounts.headers(user), await cookie_headers(client)]
    assert [await status(client, each) for each in credentials] == [200, 200]
    assert (await end(superuser_client, user, outbox)).is_success
    assert [await status(client, each) for each in credentials] == [401, 401]
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(UserSession))).all() == []


async def test_session_expires(client: AsyncClient, user: User, db: Database) -> None:
    cookie = await cookie_headers(client)
    async with db.unit() as session:
        past = now() - timedelta(seconds=1)
        await session.exec(update(UserSession).values(expires_at=past))
    assert await status(client, cookie) == 401


async def test_sign_out_ends_the_session_of_the_cookie(
    client: AsyncClient, user: User, accounts: Accounts
) -> None:
    cookie, bearer = await cookie_headers(client), accounts.headers(user)
    response = await client.post("/auth/session/logout", headers=cookie | bearer)
    assert response.status_code == 204
    assert [await status(client, each) for each in (cookie, bearer)] == [401, 200]


async def test_sign_out_keeps_other_sessions(client: AsyncClient, user: User) -> None:
    first, second = await cookie_headers(client), await cookie_headers(client)
    await client.post("/auth/session/logout", headers=first)
    assert [await status(client, each) for each in (first, second)] == [401, 200]


async def test_sign_out_everywhere(client: AsyncClient, user: User) -> None:
    cookies = [await cookie_headers(client) for _ in range(3)]
    response = await client.delete("/users/me/sessions", headers=cookies[0])
    assert response.status_code == 204
    assert [await status(client, each) for each in cookies] == [401] * 3


async def test_stored_digest_is_not_a_token(client: AsyncClient, user: User, db: Database) -> None:
    cookie = await cookie_headers(client)
    async with db.unit(read_only=True) as session:
        stored = (await session.exec(select(UserSession.token))).one()
    assert stored not in cookie["cookie"]
    assert await status(client, {"cookie": f"session={stored}"}) == 401


@pytest.mark.parametrize("path", ["/auth/jwt/login", "/auth/session/login"])
async def test_inactive_user_cannot_sign_in(
    client: AsyncClient, superuser_client: AsyncClient, user: User, outbox: Outbox, path: str
) -> None:
    await deactivate(superuser_client, user, outbox)
    assert (await client.post(path, data=FORM)).status_code == 400


async def test_password_change_during_sign_in(
    client: AsyncClient, user: User, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def verify(password: str, hashed: str) -> tuple[bool, None]:
        async with db.unit() as session:
            await UserRepository.from_session(session).replace_password(user, "another")
        return hashed != "another", None

    monkeypatch.setattr("app.auth.manager.verify_password", verify)
    assert (await client.post("/auth/session/login", data=FORM)).status_code == 400


async def test_deactivated_user_is_unauthorized(
    client: AsyncClient, user: User, accounts: Accounts, outbox: Outbox, db: Database
) -> None:
    credentials = [accounts.headers(user), await cookie_headers(client)]
    await client.post("/auth/forgot-password", json={"email": user.email})
    async with db.unit() as session:
        await session.exec(update(User).values(is_active=False))
    assert [await status(client, each) for each in credentials] == [401, 401]
    body = {"token": outbox[-1][2], "password": NEW}
    assert (await client.post("/auth/reset-password", json=body)).status_code == 400
