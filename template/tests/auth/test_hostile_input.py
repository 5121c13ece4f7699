"""What attackers send: a 4xx refuses it, nothing of it stays, and none of it comes back."""

import asyncio
import json
from typing import Any

import bcrypt
import jwt
import pytest
from httpx2 import AsyncClient, Response

from app.auth.backends import COOKIE
from app.auth.models import User
from app.auth.passwords import common_passwords
from app.auth.settings import settings
from app.auth.store import UserStore
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Outbox, bearer_headers

LOGINS = ["/auth/jwt/login", "/auth/session/login"]
LEAST = settings.password_min_length
COMMON = max(common_passwords(), key=len)
HALF = "secret\ud800"  # of a surrogate pair
ODD_IDS = ["0", "-1", "1" * 19, "1" * 23, str(2**63), "x", "%D9%A1", "%00", "%ED%A0%80", "f" * 32]


async def sign_in(client: AsyncClient, name: str, password: str = PASSWORD) -> int:
    form = {"username": name, "password": password}
    return (await client.post("/auth/jwt/login", data=form)).status_code


async def register(client: AsyncClient, email: Any, password: Any = PASSWORD) -> Response:
    body = json.dumps({"email": email, "password": password})
    headers = {"content-type": "application/json"}
    return await client.post("/auth/register", content=body, headers=headers)


async def race(client: AsyncClient, *emails: str) -> list[int]:
    responses = await asyncio.gather(*(register(client, email) for email in emails))
    return sorted(response.status_code for response in responses)


@pytest.mark.parametrize("path", LOGINS)
@pytest.mark.parametrize("field", ["username", "password"])
async def test_what_no_database_stores(
    client: AsyncClient, user: User, path: str, field: str
) -> None:
    form = {"username": user.email, "password": PASSWORD, field: "a\0b"}
    assert (await client.post(path, data=form)).status_code == 400
    form[field] = "+2AA-"  # half of a surrogate pair, in UTF-7
    parts = [f'Content-Disposition: form-data; name="{k}"\r\n\r\n{v}' for k, v in form.items()]
    content = "--x\r\n" + "\r\n--x\r\n".join(parts) + "\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x; charset=utf-7"}
    assert (await client.post(path, content=content, headers=headers)).status_code == 400


@pytest.mark.parametrize("value", [r'"a\000b"', r'"\355\240\200"', r'"a\377"', '""', "a" * 9999])
async def test_a_strange_cookie(client: AsyncClient, value: str) -> None:
    response = await client.get("/users/me", headers={"cookie": f"{COOKIE}={value}"})
    assert response.status_code == 401


async def test_one_of_many_registers_an_address(client: AsyncClient, outbox: Outbox) -> None:
    assert await race(client, *["case@example.com"] * 8) == [201] + [400] * 7
    assert len(outbox) == 1


@pytest.mark.parametrize(
    "spellings",
    [
        ["Case@Example.com", "case@example.com", "CASE@EXAMPLE.COM", "cAsE@\uff25xample.com"],
        ["Änne@example.com", "änne@example.com", "A\u0308nne@example.com", "a\u0308NNE@example.com"],
    ],
)
async def test_all_spellings_are_one_account(client: AsyncClient, spellings: list[str]) -> None:
    assert await race(client, *spellings) == [201, 400, 400, 400]
    assert [await sign_in(client, spelling) for spelling in spellings] == [200] * 4
    assert await race(client, "cäse@example.com", "anne@example.com") == [201, 201]  # others


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/register", {"email": "a@example.com", "password": HALF * 9}),
        ("/auth/register", {"email": f"{HALF}@example.com", "password": PASSWORD}),
        ("/auth/forgot-password", {"email": f"{HALF}@example.com"}),
        ("/auth/reset-password", {"token": HALF, "password": PASSWORD}),
        ("/auth/verify", {"token": HALF}),
    ],
)
async def test_half_a_surrogate_pair(client: AsyncClient, path: str, body: dict[str, str]) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post(path, content=json.dumps(body), headers=headers)
    assert response.status_code == 422
    assert not any(part in response.text for part in ("secret", r"\ud800", PASSWORD))


@pytest.mark.parametrize("field", ["is_active", "is_superuser", "is_verified", "email", "password"])
async def test_null(superuser_client: AsyncClient, user: User, field: str) -> None:
    response = await superuser_client.patch(f"/users/{user.id}", json={field: None})
    assert response.status_code == 422


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/auth/register", ["email", "password"]),
        ("/auth/forgot-password", ["email"]),
        ("/auth/reset-password", ["token", "password"]),
        ("/users/me/password", ["current_password", "new_password"]),
        ("/users/me/email", ["current_password", "email"]),
    ],
)
async def test_nulls(user_client: AsyncClient, path: str, fields: list[str]) -> None:
    good = {field: "a@example.com" for field in fields}
    for field in fields:
        assert (await user_client.post(path, json=good | {field: None})).status_code == 422


@pytest.mark.parametrize("id", ODD_IDS)
async def test_an_id_of_nobody(superuser_client: AsyncClient, superuser: User, id: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        response = await superuser_client.request(method, f"/users/{id}", json={})
        assert response.status_code in {404, 422}
    headers = await bearer_headers(superuser)
    token = headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, options={"verify_signature": False}) | {"sub": id}
    token = jwt.encode(claims, settings.secret_key.get_secret_value(), "HS256")
    headers = {"authorization": f"Bearer {token}"}
    assert (await superuser_client.get("/users/me", headers=headers)).status_code == 401


@pytest.mark.parametrize("hashed", ["!", bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()])
async def test_a_hash_that_fits_no_password(
    client: AsyncClient, user: User, db: Database, hashed: str
) -> None:
    async with db.unit() as session:
        await UserStore.of(session).replace_password(user, hashed)
    assert await sign_in(client, user.email, "x" * 80) == 400
