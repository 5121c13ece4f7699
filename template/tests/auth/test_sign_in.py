"""Sign-in with a bearer token and with a cookie."""

from collections.abc import Callable
from typing import Any

import bcrypt
import pytest
from httpx2 import AsyncClient
from sqlmodel import select

from app.auth import manager
from app.auth.models import User
from app.auth.repository import UserRepository
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Outbox
from tests.conftest import ROOT

FORM = {"username": "user@example.com", "password": PASSWORD}


async def test_sign_in_with_bearer_token(client: AsyncClient, user: User) -> None:
    response = await client.post("/auth/jwt/login", data=FORM)
    assert response.status_code == 200
    assert response.json()["token_type"] == "bearer"
    token = response.json()["access_token"]
    me = await client.get("/users/me", headers={"authorization": f"Bearer {token}"})
    assert (me.status_code, me.json()["email"]) == (200, user.email)


async def test_accents_of_another_system(client: AsyncClient) -> None:
    composed, decomposed = ("".join(["caf", accent] * 3) for accent in ("\u00e9", "e\u0301"))
    account = {"email": "accents@example.com", "password": composed}
    assert (await client.post("/auth/register", json=account)).status_code == 201
    form = {"username": account["email"], "password": decomposed}
    assert (await client.post("/auth/session/login", data=form)).status_code == 204


async def test_sign_in_with_cookie(client: AsyncClient, user: User) -> None:
    response = await client.post("/auth/session/login", data=FORM)
    assert response.status_code == 204
    assert (await client.get("/users/me")).json()["email"] == user.email
    assert (await client.post("/auth/session/logout")).status_code == 204
    assert (await client.get("/users/me")).status_code == 401


async def test_no_connection_is_held_while_a_password_is_hashed(
    client: AsyncClient,
    user: User,
    outbox: Outbox,
    db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[int] = []

    pools: list[Any] = [db.writer.pool, db.reader.pool]

    def count_held(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: object) -> Any:
            held.append(sum(pool.checkedout() for pool in pools))
            return call(*args)

        return counted

    for name in ("hash_password", "verify_password"):
        monkeypatch.setattr(manager, name, count_held(getattr(manager, name)))
    await client.post("/auth/forgot-password", json={"email": user.email})
    body = {"token": outbox[0][2], "password": PASSWORD}
    assert (await client.post("/auth/reset-password", json=body)).status_code == 200
    assert (await client.post("/auth/jwt/login", data=FORM)).status_code == 200
    assert held == [0, 0]


async def test_sign_in_does_not_change_the_user(
    client: AsyncClient, user: User, db: Database
) -> None:
    assert (await client.post("/auth/session/login", data=FORM)).status_code == 204
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(User.updated_at))).one() == user.updated_at


async def test_token_of_a_sign_in_that_upgrades_the_hash(
    client: AsyncClient, user: User, db: Database
) -> None:
    older = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    async with db.unit() as session:
        await UserRepository.from_session(session).update(user, {"hashed_password": older})
    token = (await client.post("/auth/jwt/login", data=FORM)).json()["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await client.get("/users/me", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/auth/jwt/login", "/auth/session/login"])
@pytest.mark.parametrize(
    "form",
    [
        FORM | {"password": "wrong"},
        FORM | {"username": "nobody@example.com"},
        FORM | {"username": "a\0b"},
    ],
)
async def test_wrong_credentials(
    client: AsyncClient, user: User, path: str, form: dict[str, str]
) -> None:
    assert (await client.post(path, data=form)).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer x"},
        {"authorization": "Basic eDp5"},
        {"cookie": "session=x"},
    ],
)
async def test_unauthorized(client: AsyncClient, headers: dict[str, str]) -> None:
    response = await client.get("/users/me", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_only_auth_imports_fastapi_users() -> None:
    app = ROOT / "app"
    files = [path for path in app.rglob("*.py") if b"fastapi_users" in path.read_bytes()]
    assert {path.relative_to(app).parts[0] for path in files} == {"auth"}
