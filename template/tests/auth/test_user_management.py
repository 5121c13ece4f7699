"""Only superusers can manage users."""

from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlmodel import select

from app.auth.models import User, UserSession
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Accounts

ROUTES = [
    ("GET", "/users", None),
    ("GET", "/users/{id}", None),
    ("PATCH", "/users/{id}", {"is_superuser": True}),
    ("DELETE", "/users/{id}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_unauthorized_or_not_superuser(
    client: AsyncClient,
    user_client: AsyncClient,
    user: User,
    superuser: User,
    method: str,
    path: str,
    body: Any,
) -> None:
    for target in (user, superuser):
        url = path.format(id=target.id)
        assert (await client.request(method, url, json=body)).status_code == 401
        assert (await user_client.request(method, url, json=body)).status_code == 403
    assert (await user_client.get("/users/me")).json()["is_superuser"] is False


async def test_pagination(
    superuser_client: AsyncClient, superuser: User, accounts: Accounts
) -> None:
    created = [superuser] + [await accounts.add(f"user{n}@example.com") for n in range(4)]
    found: list[Any] = []
    after: dict[str, Any] = {}
    while True:
        response = await superuser_client.get("/users", params={"limit": 2, **after})
        page = response.json()
        found += page["items"]
        assert "password" not in response.text
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [each["email"] for each in found] == [each.email for each in created]
    assert (await superuser_client.get("/users", params={"limit": 5})).json()["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=x"])
async def test_pagination_invalid(superuser_client: AsyncClient, query: str) -> None:
    assert (await superuser_client.get(f"/users?{query}")).status_code == 422


@pytest.mark.parametrize("flag", ["is_active", "is_superuser", "is_verified"])
async def test_update(superuser_client: AsyncClient, user: User, flag: str) -> None:
    before = (await superuser_client.get(f"/users/{user.id}")).json()
    change = {flag: not before[flag]}
    response = await superuser_client.patch(f"/users/{user.id}", json=change)
    assert (response.status_code, response.json()) == (200, before | change)
    assert (await superuser_client.get(f"/users/{user.id}")).json() == before | change
    assert (await superuser_client.patch(f"/users/{user.id}", json={})).json() == before | change


@pytest.mark.parametrize(
    "body",
    [
        {"is_active": None},
        {"is_active": 0},
        {"email": "new@example.com"},
        {"hashed_password": "!"},
    ],
)
async def test_update_invalid(
    superuser_client: AsyncClient, user: User, body: dict[str, Any]
) -> None:
    response = await superuser_client.patch(f"/users/{user.id}", json=body)
    assert response.status_code == 422


async def test_delete(
    client: AsyncClient,
    superuser_client: AsyncClient,
    user: User,
    accounts: Accounts,
    db: Database,
) -> None:
    kept = await accounts.add("kept@example.com")
    for email in (kept.email, user.email):
        form = {"username": email, "password": PASSWORD}
        assert (await client.post("/auth/session/login", data=form)).status_code == 204
    assert (await superuser_client.delete(f"/users/{user.id}")).status_code == 204
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(UserSession.user_id))).all() == [kept.id]
    for response in (
        await superuser_client.get(f"/users/{user.id}"),
        await superuser_client.patch(f"/users/{user.id}", json={"is_active": True}),
        await superuser_client.delete(f"/users/{user.id}"),
    ):
        assert response.status_code == 404
    assert (await client.post("/auth/session/login", data=form)).status_code == 400


async def test_own_account_is_protected(superuser_client: AsyncClient, superuser: User) -> None:
    url = f"/users/{superuser.id}"
    for flag in ({"is_active": False}, {"is_superuser": False}):
        assert (await superuser_client.patch(url, json=flag)).status_code == 409
    assert (await superuser_client.delete(url)).status_code == 409
    assert (await superuser_client.get(url)).json()["is_superuser"] is True


@pytest.mark.parametrize("user_id", ["0", "-1", "9223372036854775808", "1e3", "x", "%00", "%ff"])
async def test_invalid_id(superuser_client: AsyncClient, user_id: str) -> None:
    assert (await superuser_client.get(f"/users/{user_id}")).status_code in {404, 422}
