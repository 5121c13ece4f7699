"""A token opens what it was made for, for a while; no other opens anything."""

import json
from typing import Any

import jwt
import pytest
from httpx2 import AsyncClient
from sqlmodel import update

from app.auth.mail import NEW_ADDRESS, RESET, VERIFY
from app.auth.models import User
from app.auth.settings import settings
from app.auth.tokens import BEARER, fingerprint
from app.db.database import Database
from app.db.models import now

NEW = "another long password"
JSON = {"content-type": "application/json"}
PURPOSES = {
    "/auth/reset-password": RESET.subject,
    "/auth/verify": VERIFY.subject,
    "/users/confirm-email": NEW_ADDRESS.subject,
    "/users/me": BEARER,
}


@pytest.fixture(autouse=True)
async def newcomer(anyio_backend: str, user: User, db: Database) -> User:
    async with db.unit() as session:
        await session.exec(update(User).values(is_verified=False))
    return user


def make_token(
    user: User, purpose: str, key: str = "", seconds: int | None = 60, **changes: Any
) -> str:
    mail: dict[str, Any] = {"email": user.email, "to": user.email}
    claims = {"sub": str(user.id), "aud": purpose, "fp": fingerprint(user.hashed_password), **mail}
    claims = {name: claim for name, claim in (claims | changes).items() if claim is not None}
    if seconds is not None:
        claims["exp"] = int(now().timestamp()) + seconds
    return jwt.encode(claims, key or settings.secret_key.get_secret_value(), "HS256")


async def use(client: AsyncClient, path: str, token: str) -> bool:
    if path == "/users/me":
        response = await client.get(path, headers={"authorization": f"Bearer {token}"})
        assert response.status_code in {200, 401}
    else:
        more = {"password": NEW} if path == "/auth/reset-password" else {}
        response = await client.post(path, json={"token": token, **more})
        assert response.status_code in {200, 400}
    return response.status_code == 200


@pytest.mark.parametrize("path", PURPOSES)
@pytest.mark.parametrize(
    "changes",
    [
        {"key": "x" * 32},
        {"seconds": -1},
        {"seconds": None},
        {"sub": "0"},
        {"sub": "1" * 40},
        {"sub": None},
        {"fp": "of another password"},
        {"fp": ["of", 0]},
        {"fp": None},
    ],
)
async def test_forged(client: AsyncClient, user: User, path: str, changes: dict[str, Any]) -> None:
    assert not await use(client, path, make_token(user, PURPOSES[path], **changes))
    assert await use(client, path, make_token(user, PURPOSES[path]))


@pytest.mark.parametrize("path", [path for path in PURPOSES if path != "/users/me"])
@pytest.mark.parametrize(
    "changes", [{"email": "a@example.com"}, {"email": 0}, {"email": None}, {"to": None}]
)
async def test_for_another_address(
    client: AsyncClient, user: User, path: str, changes: dict[str, Any]
) -> None:
    assert not await use(client, path, make_token(user, PURPOSES[path], **changes))
    assert await use(client, path, make_token(user, PURPOSES[path]))


@pytest.mark.parametrize("path", PURPOSES)
async def test_unsigned(client: AsyncClient, user: User, path: str) -> None:
    signed = make_token(user, PURPOSES[path])
    claims = jwt.decode(signed, options={"verify_signature": False})
    assert not await use(client, path, jwt.encode(claims, "", "none"))
    assert not await use(client, path, f"{signed.rpartition('.')[0]}.")
    assert await use(client, path, signed)


@pytest.mark.parametrize("path", PURPOSES)
async def test_for_something_else(client: AsyncClient, user: User, path: str) -> None:
    for purpose in {*PURPOSES.values(), "another"} - {PURPOSES[path]}:
        assert not await use(client, path, make_token(user, purpose))


@pytest.mark.parametrize("path", PURPOSES)
@pytest.mark.parametrize("token", ["", "x", "a.b.c", "nul\0", "\ud800", "ä.ö.ü"])
async def test_no_token_at_all(client: AsyncClient, path: str, token: str) -> None:
    if path == "/users/me":
        headers = [(b"authorization", b"Bearer " + token.encode("utf-8", "surrogatepass"))]
        assert (await client.get(path, headers=headers)).status_code == 401
    else:
        body = json.dumps({"token": token, "password": NEW})
        response = await client.post(path, content=body, headers=JSON)
        assert response.status_code in {400, 422}
