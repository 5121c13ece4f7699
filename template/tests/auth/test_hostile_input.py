"""What attackers send: it is refused by a 4xx, it leaves nothing behind, and none of it comes back."""

import asyncio
import json

import bcrypt
import pytest
from fastapi_users.jwt import generate_jwt
from httpx2 import AsyncClient

from app.auth.backends import COOKIE
from app.auth.models import User
from app.auth.passwords import common_passwords, fingerprint
from app.auth.settings import settings
from app.auth.store import UserStore
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Outbox

LOGINS = pytest.mark.parametrize("path", ["/auth/jwt/login", "/auth/session/login"])
JSON = {"content-type": "application/json"}
SPELLINGS = ["Case@Example.com", "case@example.com", "CASE@EXAMPLE.COM", "cAsE@\uff25xample.com"]
HALF = "secret\ud800"  # of a surrogate pair: no UTF-8


async def sign_in(client: AsyncClient, email: str, password: str = PASSWORD) -> int:
    form = {"username": email, "password": password}
    return (await client.post("/auth/jwt/login", data=form)).status_code


async def register(client: AsyncClient, *emails: str) -> list[int]:
    """The statuses of registrations that race each other, in order."""
    bodies = ({"email": email, "password": PASSWORD} for email in emails)
    responses = [client.post("/auth/register", json=body) for body in bodies]
    return sorted(response.status_code for response in await asyncio.gather(*responses))


@LOGINS
@pytest.mark.parametrize("field", ["username", "password"])
async def test_a_login_with_nul(client: AsyncClient, user: User, path: str, field: str) -> None:
    form = {"username": user.email, "password": PASSWORD, field: "a\0b"}
    assert (await client.post(path, data=form)).status_code == 400


@LOGINS
@pytest.mark.parametrize("field", ["username", "password"])
async def test_a_login_with_half_a_surrogate_pair(
    client: AsyncClient, user: User, path: str, field: str
) -> None:
    parts = {"username": user.email, "password": PASSWORD, field: "+2AA-"}
    named = (f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{parts[k]}' for k in parts)
    headers = {"content-type": "multipart/form-data; boundary=x; charset=utf-7"}
    response = await client.post(path, content="\r\n".join(named) + "\r\n--x--", headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize("value", [r'"a\000b"', r'"\355\240\200"', r'"a\377"', '""'])
async def test_a_cookie_of_strange_bytes(client: AsyncClient, value: str) -> None:
    response = await client.get("/users/me", headers={"cookie": f"{COOKIE}={value}"})
    assert response.status_code == 401


async def test_one_of_many_registers_an_address(client: AsyncClient, outbox: Outbox) -> None:
    assert await register(client, *["case@example.com"] * 8) == [201] + [400] * 7
    assert len(outbox) == 1


async def test_all_spellings_are_one_account(client: AsyncClient) -> None:
    assert await register(client, *SPELLINGS) == [201, 400, 400, 400]
    assert [await sign_in(client, spelling) for spelling in SPELLINGS] == [200] * 4


async def test_letters_beyond_ascii_have_cases_too(client: AsyncClient) -> None:
    spellings = ["Änne@example.com", "änne@example.com", "A\u0308nne@example.com"]
    assert await register(client, *spellings) == [201, 400, 400]
    assert [await sign_in(client, spelling) for spelling in spellings] == [200] * 3
    assert await register(client, "anne@example.com") == [201]  # somebody else


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/register", {"email": "a@example.com", "password": HALF * 9}),
        ("/auth/register", {"email": f"{HALF}@example.com", "password": PASSWORD}),
        ("/auth/forgot-password", {"email": f"{HALF}@example.com"}),
        ("/auth/reset-password", {"token": HALF, "password": PASSWORD}),
        ("/auth/verify", {"token": HALF}),
        ("/auth/register", {"email": "a@example.com", "password": PASSWORD, HALF: 1}),
    ],
)
async def test_half_a_surrogate_pair(client: AsyncClient, path: str, body: dict[str, str]) -> None:
    response = await client.post(path, content=json.dumps(body), headers=JSON)
    assert response.status_code == 422
    assert "d800" not in response.text or HALF in body  # a name says which field it is
    assert PASSWORD not in response.text
    assert HALF in body or "secret" not in response.text


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *[("PATCH", "/users/{id}", f"is_{flag}") for flag in ("active", "superuser", "verified")],
        ("POST", "/auth/register", "email password"),
    ],
)
async def test_null(superuser_client: AsyncClient) -> None: ...
