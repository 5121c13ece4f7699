"""Malicious input gets a 4xx response. It is neither stored nor repeated in the response."""

import asyncio
import json
from urllib.parse import unquote

import bcrypt
import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient, Response

from app.auth.models import User
from app.auth.passwords import common_passwords
from app.auth.repository import UserRepository
from app.db.database import Database
from tests.auth.fixtures import PASSWORD, Accounts, Outbox

LOGINS = ["/auth/jwt/login", "/auth/session/login"]
LONE_SURROGATE = "secret\ud800"
ODD_IDS = ["0", "-1", "1" * 19, "1" * 23, str(2**63), "x", "%D9%A1", "%00", "%ED%A0%80", "f" * 32]
BODIES = {
    "POST /auth/register": ["email", "password"],
    "POST /auth/forgot-password": ["email"],
    "POST /auth/reset-password": ["token", "password"],
    "POST /users/me/password": ["current_password", "new_password"],
    "POST /users/me/email": ["current_password", "email"],
    "PATCH /users/{}": ["is_active", "is_superuser", "is_verified"],
}


async def sign_in(client: AsyncClient, name: str, password: str = PASSWORD) -> int:
    form = {"username": name, "password": password}
    return (await client.post("/auth/jwt/login", data=form)).status_code


async def register(client: AsyncClient, email: str, password: str = PASSWORD) -> Response:
    return await client.post("/auth/register", json={"email": email, "password": password})


async def race(client: AsyncClient, *emails: str) -> list[int]:
    found = await asyncio.gather(*(register(client, email) for email in emails))
    return sorted(response.status_code for response in found)


@pytest.mark.parametrize("path", LOGINS)
@pytest.mark.parametrize("field", ["username", "password"])
async def test_nul_in_credentials(client: AsyncClient, user: User, path: str, field: str) -> None:
    form = {"username": user.email, "password": PASSWORD, field: "a\0b"}
    assert (await client.post(path, data=form)).status_code == 400


@pytest.mark.parametrize("value", [r'"a\000b"', r'"\355\240\200"', '""', "a" * 9999])
async def test_invalid_cookie(client: AsyncClient, value: str) -> None:
    response = await client.get("/users/me", headers={"cookie": f"session={value}"})
    assert response.status_code == 401


async def test_register_same_address_concurrently(client: AsyncClient, outbox: Outbox) -> None:
    assert await race(client, *["case@example.com"] * 8) == [201] + [400] * 7
    assert len(outbox) == 1


@pytest.mark.parametrize("name", ["Case", "Änne", "A\u0308nne"])
async def test_spellings_of_an_address_are_one_account(client: AsyncClient, name: str) -> None:
    domains = ["Example.com", "example.com", "EXAMPLE.COM", "e\uff58ample.com"]
    names = [name, name.lower(), name.upper(), name.swapcase()]
    spellings = [f"{name}@{domain}" for name, domain in zip(names, domains, strict=True)]
    assert await race(client, *spellings) == [201, 400, 400, 400]
    assert [await sign_in(client, spelling) for spelling in spellings] == [200] * 4
    assert await race(client, "cäse@example.com", "anne@example.com") == [201, 201]  # distinct


@pytest.mark.parametrize("route", [route for route in BODIES if "/auth/" in route])
async def test_lone_surrogate_in_body(client: AsyncClient, route: str) -> None:
    good = dict.fromkeys(BODIES[route], "a@example.com")
    for field in good:
        body = json.dumps(good | {field: f"{LONE_SURROGATE}@example.com"})
        headers = {"content-type": "application/json"}
        response = await client.post(route.split()[1], content=body, headers=headers)
        assert response.status_code == 422
        assert "secret" not in response.text
        assert r"\ud800" not in response.text


@pytest.mark.parametrize("route", BODIES)
async def test_null_in_body(superuser_client: AsyncClient, user: User, route: str) -> None:
    method, path = route.format(user.id).split()
    good = dict.fromkeys(BODIES[route], method == "PATCH" or "a@example.com")
    for field in good:
        response = await superuser_client.request(method, path, json=good | {field: None})
        assert response.status_code == 422
    assert (await superuser_client.request(method, path, json=good)).status_code != 422


@pytest.mark.parametrize("id", ODD_IDS)
async def test_unknown_or_invalid_id(
    superuser_client: AsyncClient, superuser: User, accounts: Accounts, id: str
) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        response = await superuser_client.request(method, f"/users/{id}", json={})
        assert response.status_code in {404, 422}
    headers = accounts.headers(superuser.model_copy(update={"id": unquote(id)}))
    assert (await superuser_client.get("/users/me", headers=headers)).status_code == 401


async def test_hashes_of_other_libraries(client: AsyncClient, user: User, db: Database) -> None:
    long, older = (bcrypt.hashpw(it, bcrypt.gensalt(4)) for it in (b"x" * 72, PASSWORD.encode()))
    for hashed, password, status in (b"!", "!", 400), (long, "x" * 80, 400), (older, PASSWORD, 200):
        async with db.unit() as session:
            await UserRepository.from_session(session).update(
                user, {"hashed_password": hashed.decode()}
            )
        assert await sign_in(client, user.email, password) == status
    async with db.unit(read_only=True) as session:
        stored = await UserRepository.from_session(session).get(user.id)
    assert stored is not None and stored.hashed_password.startswith("$argon2id$")  # it was upgraded


@pytest.mark.parametrize("path", ["/auth/register", *LOGINS])
async def test_body_too_large(client: AsyncClient, path: str) -> None:
    response = await client.post(path, content="password=" + "x" * 2_000_000)
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "to 1024 characters"),
        ("x" * 11, "12 to 1024 characters"),
        (max(common_passwords(), key=len), "too common"),
        (max(common_passwords(), key=len).upper(), "too common"),
        ("my User@Example.com!", "e-mail"),
    ],
)
async def test_weak_password(client: AsyncClient, password: str, reason: str) -> None:
    response = await register(client, "user@example.com", password)
    assert response.status_code == 400
    assert reason in response.json()["detail"]
    assert len(common_passwords()) >= 3000


async def test_register_cannot_set_flags(app: FastAPI, client: AsyncClient) -> None:
    body = {"email": "a@example.com", "password": PASSWORD, "is_superuser": True}
    assert (await client.post("/auth/register", json=body)).status_code == 422
    schema = app.openapi()["components"]["schemas"]["Registration"]
    assert not {"is_active", "is_superuser", "is_verified"} & schema["properties"].keys()
