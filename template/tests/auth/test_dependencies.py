"""The dependencies that give the user of a request to a route."""

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient

from app.api import include_domain
from app.auth.dependencies import CurrentVerifiedUser, OptionalUser
from app.auth.models import User
from app.db.database import Database
from app.http.routing import PrefixRouter
from tests.auth.fixtures import PASSWORD, Accounts

routes = PrefixRouter(prefix="/test-dependencies")
FORM = {"username": "user@example.com", "password": PASSWORD}


@routes.get("/optional")
async def greet(user: OptionalUser) -> str:
    return user.email if user else "nobody"


@routes.post("/optional")
async def post(user: OptionalUser) -> str:
    return await greet(user)


@routes.get("/verified")
async def verified(user: CurrentVerifiedUser) -> str:
    return user.email


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


async def change(db: Database, user: User, **flags: bool) -> None:
    async with db.unit() as session:
        found = await session.get(User, user.id)
        assert found is not None
        found.sqlmodel_update(flags)


async def test_optional_user(anonymous: AsyncClient, user_client: AsyncClient, user: User) -> None:
    assert (await anonymous.get("/test-dependencies/optional")).json() == "nobody"
    assert (await user_client.get("/test-dependencies/optional")).json() == user.email
    wrong = {"authorization": "Bearer x", "cookie": "session=x"}
    assert (await anonymous.get("/test-dependencies/optional", headers=wrong)).json() == "nobody"


async def test_invalid_bearer_token_beside_a_valid_cookie(client: AsyncClient, user: User) -> None:
    assert (await client.post("/auth/session/login", data=FORM)).status_code == 204
    wrong = {"authorization": "Bearer x"}
    assert (await client.get("/test-dependencies/optional", headers=wrong)).json() == user.email


@pytest.mark.parametrize("path", ["/auth/jwt/login", "/auth/session/login"])
async def test_inactive_user_is_nobody(
    client: AsyncClient, user: User, db: Database, path: str
) -> None:
    signed_in = (await client.post(path, data=FORM)).text
    if path == "/auth/jwt/login":
        client.headers["authorization"] = "Bearer " + signed_in.split('"')[3]
    assert (await client.get("/test-dependencies/optional")).json() == user.email
    await change(db, user, is_active=False)
    assert (await client.get("/test-dependencies/optional")).json() == "nobody"
    assert (await client.get("/users/me")).status_code == 401


async def test_optional_user_with_a_cross_site_cookie(client: AsyncClient, user: User) -> None:
    assert (await client.post("/auth/session/login", data=FORM)).status_code == 204
    foreign = {"sec-fetch-site": "cross-site"}
    url = "/test-dependencies/optional"
    assert (await client.post(url, headers=foreign)).status_code == 403
    assert (await client.post(url)).json() == user.email


async def test_verified_user(
    accounts: Accounts, user: User, db: Database, anonymous: AsyncClient
) -> None:
    headers = accounts.headers(user)
    url = "/test-dependencies/verified"
    assert (await anonymous.get(url)).status_code == 401
    assert (await anonymous.get(url, headers=headers)).json() == user.email
    await change(db, user, is_verified=False)
    response = await anonymous.get(url, headers=headers)
    assert response.status_code == 403
    assert response.json()["detail"] == "Verify your e-mail address first."
