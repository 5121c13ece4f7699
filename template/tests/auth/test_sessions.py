"""What ends a cookie's session, and a bearer token."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from sqlmodel import select, update

from app.auth.backends import COOKIE
from app.auth.models import User, UserSession
from app.auth.settings import settings
from app.auth.store import UserStore
from app.db.database import Database
from app.db.models import now
from tests.auth.fixtures import PASSWORD, Outbox, bearer_headers

FORM = {"username": "user@example.com", "password": PASSWORD}
NEW = "another long password"


async def cookie_headers(client: AsyncClient) -> dict[str, str]:
    response = await client.post("/auth/session/login", data=FORM)
    client.cookies.clear()
    return {"cookie": f"{COOKIE}={response.cookies[COOKIE]}"}


async def status(client: AsyncClient, headers: dict[str, str]) -> int:
    return (await client.get("/users/me", headers=headers)).status_code


async def change_password(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    body = {"current_password": PASSWORD, "new_password": NEW}
    return await client.post("/users/me/password", json=body, headers=await bearer_headers(user))


async def reset_password(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    await client.post("/auth/forgot-password", json={"email": user.email})
    body = {"token": outbox[-1][2], "password": NEW}
    return await client.post("/auth/reset-password", json=body)


async def deactivate(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    return await client.patch(f"/users/{user.id}", json={"is_active": False})


async def delete(client: AsyncClient, user: User, outbox: Outbox) -> Response:
    return await client.delete(f"/users/{user.id}")


@pytest.mark.parametrize("end", [change_password, reset_password, deactivate, delete])
async def test_sessions_and_tokens_end_with(
    client: AsyncClient,
    superuser_client: AsyncClient,
    user: User,
    outbox: Outbox,
    db: Database,
    end: Any,
) -> None:
    credentials = [await bearer_headers(user), await cookie_headers(client)]
    assert [await status(client, each) for each in credentials] == [200, 200]
    assert (await end(superuser_client, user, outbox)).is_success
    assert [await status(client, each) for each in credentials] == [401, 401]
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(UserSession))).all() == []


async def test_a_session_ends_with_its_time(client: AsyncClient, user: User, db: Database) -> None:
    cookie = await cookie_headers(client)
    async with db.unit() as session:
        past = now() - timedelta(seconds=settings.session_seconds + 1)
        await session.exec(update(UserSession).values(created_at=past))
    assert await status(client, cookie) == 401


async def test_signing_out_ends_the_cookies_session(client: AsyncClient, user: User) -> None:
    cookie, bearer = await cookie_headers(client), await bearer_headers(user)
    response = await client.post("/auth/session/logout", headers=cookie | bearer)
    assert response.status_code == 204
    assert [await status(client, each) for each in (cookie, bearer)] == [401, 200]


async def test_signing_out_ends_no_other_session(client: AsyncClient, user: User) -> None:
    first, second = await cookie_headers(client), await cookie_headers(client)
    await client.post("/auth/session/logout", headers=first)
    assert [await status(client, each) for each in (first, second)] == [401, 200]


async def test_signing_out_everywhere(client: AsyncClient, user: User) -> None:
    cookies = [await cookie_headers(client) for _ in range(3)]
    response = await client.delete("/users/me/sessions", headers=cookies[0])
    assert response.status_code == 204
    assert [await status(client, each) for each in cookies] == [401] * 3


async def test_the_table_of_sessions_signs_nobody_in(
    client: AsyncClient, user: User, db: Database
) -> None:
    cookie = await cookie_headers(client)
    async with db.unit(read_only=True) as session:
        stored = (await session.exec(select(UserSession.token))).one()
    assert stored not in cookie["cookie"]
    assert await status(client, {"cookie": f"{COOKIE}={stored}"}) == 401


@pytest.mark.parametrize("path", ["/auth/jwt/login", "/auth/session/login"])
async def test_who_is_not_active_does_not_sign_in(
    client: AsyncClient, superuser_client: AsyncClient, user: User, outbox: Outbox, path: str
) -> None:
    await deactivate(superuser_client, user, outbox)
    assert (await client.post(path, data=FORM)).status_code == 400


async def test_a_password_that_changes_during_the_sign_in(
    client: AsyncClient, user: User, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def verify(password: str, hashed: str) -> tuple[bool, None]:
        async with db.unit() as session:
            await UserStore.of(session).replace_password(user, "another")
        return hashed != "another", None

    monkeypatch.setattr("app.auth.manager.verify_password", verify)
    assert (await client.post("/auth/session/login", data=FORM)).status_code == 400


async def test_who_is_no_longer_active_is_nobody(
    client: AsyncClient, user: User, outbox: Outbox, db: Database
) -> None:
    credentials = [await bearer_headers(user), await cookie_headers(client)]
    await client.post("/auth/forgot-password", json={"email": user.email})
    async with db.unit() as session:
        await session.exec(update(User).values(is_active=False))
    assert [await status(client, each) for each in credentials] == [401, 401]
    body = {"token": outbox[-1][2], "password": NEW}
    assert (await client.post("/auth/reset-password", json=body)).status_code == 400
