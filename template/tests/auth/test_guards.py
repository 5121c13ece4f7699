"""Who may try how often, what an answer gives away, and which site a write may come from."""

from collections.abc import AsyncGenerator
from pathlib import Path
from unittest.mock import Mock

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from app.auth import guards, passwords
from app.auth.backends import COOKIE
from app.auth.models import User
from tests.auth.fixtures import PASSWORD, Outbox, bearer_headers

LOGINS = ["/auth/jwt/login", "/auth/session/login"]
MAILS = ["/auth/forgot-password", "/auth/request-verify-token"]
SESSIONS = "/users/me/sessions"
FORM = {"username": "user@example.com", "password": PASSWORD}
BASIC = {"authorization": "Basic eDp5"}  # a browser sends it by itself, where a proxy asked for it
FRIEND = "https://friend.example"
SITES = {"same-origin": 204, "none": 204, "same-site": 403, "cross-site": 403}
ORIGINS = {"http://test": 204, FRIEND: 204, "http://evil/@test": 403, "null": 403, "http://[": 403}


@pytest.fixture
async def elsewhere(anyio_backend: str, transport: ASGITransport) -> AsyncGenerator[AsyncClient]:
    other = ASGITransport(transport.app, raise_app_exceptions=False, client=("10.0.0.9", 123))
    async with AsyncClient(transport=other, base_url="http://test") as client:
        yield client


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> Mock:
    passwords.nobodys_hash()  # it is made once, and not counted
    spy = Mock(wraps=passwords.hasher)
    monkeypatch.setattr(passwords, "hasher", spy)
    return spy


def throttled(response: Response) -> bool:
    return response.status_code == 429 and 1 <= int(response.headers["retry-after"]) <= 60


async def ask(client: AsyncClient, path: str, email: str) -> Response:
    if path in LOGINS:
        return await client.post(path, data={"username": email, "password": PASSWORD})
    return await client.post(path, json={"email": email})


@pytest.mark.parametrize("path", LOGINS + MAILS)
async def test_an_account_has_a_limit_for_each_client(
    client: AsyncClient, elsewhere: AsyncClient, user: User, outbox: Outbox, path: str
) -> None:
    spellings = [user.email, user.email.upper(), user.email.replace("x", "\uff58")]
    for n in range(guards.BY_ACCOUNT.amount):
        assert (await ask(client, path, spellings[n % 3])).is_success
    assert throttled(await ask(client, path, user.email))
    assert (await ask(client, path, "another@example.com")).status_code != 429
    assert (await ask(elsewhere, path, user.email)).is_success  # nobody is locked out


@pytest.mark.parametrize(("path", "new"), [("password", "new_password"), ("email", "email")])
async def test_guesses_of_the_current_password_have_a_limit(
    user_client: AsyncClient, path: str, new: str
) -> None:
    body = {"current_password": "a guess", new: "another@example.com"}
    for _ in range(guards.BY_ACCOUNT.amount):
        assert (await user_client.post(f"/users/me/{path}", json=body)).status_code == 400
    body["current_password"] = PASSWORD
    assert throttled(await user_client.post(f"/users/me/{path}", json=body))


@pytest.mark.parametrize("path", ["register", "verify", "reset-password", "jwt/login"])
async def test_a_client_has_a_limit(client: AsyncClient, elsewhere: AsyncClient, path: str) -> None:
    for _ in range(guards.BY_ADDRESS.amount):
        assert (await client.post(f"/auth/{path}", json={})).status_code == 422
    assert throttled(await client.post(f"/auth/{path}", json={}))
    assert (await elsewhere.post(f"/auth/{path}", json={})).status_code == 422


@pytest.mark.parametrize("path", LOGINS)
async def test_a_login_does_not_tell_who_is_known(
    client: AsyncClient, user: User, hasher: Mock, path: str
) -> None:
    answers = set()
    for n, name in enumerate((user.email, "nobody@example.com", "no address", "a\0b"), 1):
        response = await client.post(path, data={"username": name, "password": "wrong"})
        answers.add((response.status_code, response.text))
        assert len(hasher.method_calls) == hasher.verify_and_update.call_count == n
    assert len(answers) == 1


async def test_a_taken_address_is_hashed_too(client: AsyncClient, user: User, hasher: Mock) -> None:
    for n, (email, status) in enumerate(((user.email, 400), ("new@example.com", 201)), 1):
        body = {"email": email, "password": PASSWORD}
        assert (await client.post("/auth/register", json=body)).status_code == status
        assert len(hasher.method_calls) == hasher.hash.call_count == n


@pytest.mark.parametrize("path", MAILS)
async def test_asking_for_mail_does_not_tell_who_is_known(
    client: AsyncClient, user: User, outbox: Outbox, hasher: Mock, path: str
) -> None:
    new = {"email": "new@example.com"}  # not verified yet, so that both ways have mail for them
    await client.post("/auth/register", json=new | {"password": PASSWORD})
    for body in ({"email": "nobody@example.com"}, {"email": user.email}, new):
        response = await client.post(path, json=body)
        assert (response.status_code, response.text) == (202, "null")
    assert [to for _, to, _ in outbox].count("new@example.com") == 2
    assert len(hasher.method_calls) == 1  # for the registration


async def test_a_401_says_how_to_sign_in(client: AsyncClient) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, BASIC, {"cookie": f"{COOKIE}=x"}):
        response = await client.get("/users/me", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        *[({"sec-fetch-site": site}, status) for site, status in SITES.items()],
        *[({"origin": origin}, status) for origin, status in ORIGINS.items()],
    ],
)
async def test_a_cookie_writes_only_from_its_own_site(
    client: AsyncClient,
    user: User,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    status: int,
) -> None:
    monkeypatch.setattr("app.auth.settings.settings.allowed_origins", [FRIEND])
    assert (await client.post(LOGINS[1], data=FORM, headers=headers)).status_code == status
    for more in ({}, BASIC, {"authorization": "Bearer x"}):
        await client.post(LOGINS[1], data=FORM)
        assert (await client.get("/users/me", headers=headers | more)).status_code == 200
        response = await client.delete(SESSIONS, headers=headers | more)
        assert response.status_code == status
    response = await client.delete(SESSIONS, headers=headers | await bearer_headers(user))
    assert response.status_code == 204  # no browser adds a token


def test_only_auth_knows_its_library() -> None:
    app = Path(guards.__file__).parents[1]
    files = [path for path in app.rglob("*.py") if "fastapi_users" in path.read_text()]
    assert {path.relative_to(app).parts[0] for path in files} == {"auth"}
