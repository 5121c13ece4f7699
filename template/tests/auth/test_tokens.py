"""A token is valid for one purpose and for a limited time."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from httpx2 import AsyncClient
from sqlmodel import update

from app.auth.mail import NEW_EMAIL, RESET, VERIFY
from app.auth.models import User
from app.auth.tokens import BEARER, TokenSigner
from app.db.database import Database
from app.db.models import now
from app.settings import Settings

NEW = "another long password"
JSON = {"content-type": "application/json"}
PURPOSES = {
    "/auth/reset-password": RESET.purpose,
    "/auth/verify": VERIFY.purpose,
    "/users/confirm-email": NEW_EMAIL.purpose,
    "/users/me": BEARER,
}


@pytest.fixture(autouse=True)
async def unverified(user: User, db: Database) -> User:
    async with db.unit() as session:
        await session.exec(update(User).values(is_verified=False))
    return user


Forge = Callable[..., str]


@pytest.fixture
def forge(settings: Settings, user: User) -> Forge:
    """Signs a token for a purpose, with other claims or another key."""
    signer = TokenSigner(settings)

    def forge(
        purpose: str, key: str = signer.secret, seconds: int | None = 60, **changes: Any
    ) -> str:
        claims = {"sub": str(user.id), "aud": purpose, "fp": signer.fingerprint(user)}
        claims |= {"email": user.email, "to": user.email} | changes
        claims = {name: claim for name, claim in claims.items() if claim is not None}
        exp = {} if seconds is None else {"exp": int(now().timestamp()) + seconds}
        return jwt.encode(claims | exp, key, "HS256")

    return forge


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
async def test_forged_token(
    client: AsyncClient, forge: Forge, path: str, changes: dict[str, Any]
) -> None:
    assert not await use(client, path, forge(PURPOSES[path], **changes))
    assert await use(client, path, forge(PURPOSES[path]))


@pytest.mark.parametrize("path", [path for path in PURPOSES if path != "/users/me"])
@pytest.mark.parametrize(
    "changes", [{"email": "a@example.com"}, {"email": 0}, {"email": None}, {"to": None}]
)
async def test_token_for_another_address(
    client: AsyncClient, forge: Forge, path: str, changes: dict[str, Any]
) -> None:
    assert not await use(client, path, forge(PURPOSES[path], **changes))
    assert await use(client, path, forge(PURPOSES[path]))


@pytest.mark.parametrize("path", PURPOSES)
async def test_unsigned_token(client: AsyncClient, forge: Forge, path: str) -> None:
    signed = forge(PURPOSES[path])
    claims = jwt.decode(signed, options={"verify_signature": False})
    assert not await use(client, path, jwt.encode(claims, "", "none"))
    assert not await use(client, path, f"{signed.rpartition('.')[0]}.")
    assert await use(client, path, signed)


@pytest.mark.parametrize("path", PURPOSES)
async def test_token_for_another_purpose(client: AsyncClient, forge: Forge, path: str) -> None:
    for purpose in {*PURPOSES.values(), "another"} - {PURPOSES[path]}:
        assert not await use(client, path, forge(purpose))


@pytest.mark.parametrize("path", PURPOSES)
@pytest.mark.parametrize("token", ["", "x", "a.b.c", "nul\0", "\ud800", "ä.ö.ü"])
async def test_invalid_token(client: AsyncClient, path: str, token: str) -> None:
    if path == "/users/me":
        headers = [(b"authorization", b"Bearer " + token.encode("utf-8", "surrogatepass"))]
        assert (await client.get(path, headers=headers)).status_code == 401
    else:
        body = json.dumps({"token": token, "password": NEW})
        response = await client.post(path, content=body, headers=JSON)
        assert response.status_code in {400, 422}
