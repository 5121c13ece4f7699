"""Signing in: by a bearer token and by a cookie."""

import pytest
from httpx2 import AsyncClient

from app.auth.models import User
from tests.auth.fixtures import PASSWORD

FORM = {"username": "user@example.com", "password": PASSWORD}


async def test_by_a_bearer_token(client: AsyncClient, user: User) -> None:
    response = await client.post("/auth/jwt/login", data=FORM)
    assert response.status_code == 200
    token = response.json()["access_token"]
    me = await client.get("/users/me", headers={"authorization": f"Bearer {token}"})
    assert (me.status_code, me.json()["email"]) == (200, user.email)


async def test_by_a_cookie(client: AsyncClient, user: User) -> None:
    response = await client.post("/auth/session/login", data=FORM)
    assert response.status_code == 204
    assert (await client.get("/users/me")).json()["email"] == user.email
    assert (await client.post("/auth/session/logout")).status_code == 204
    assert (await client.get("/users/me")).status_code == 401


@pytest.mark.parametrize("path", ["/auth/jwt/login", "/auth/session/login"])
@pytest.mark.parametrize(
    "form",
    [
        FORM | {"password": "wrong"},
        FORM | {"username": "nobody@example.com"},
        FORM | {"username": "a\0b"},
    ],
)
async def test_with_the_wrong_credentials(
    client: AsyncClient, user: User, path: str, form: dict[str, str]
) -> None:
    assert (await client.post(path, data=form)).status_code == 400


async def test_nobody(client: AsyncClient) -> None:
    response = await client.get("/users/me")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
