"""Rate limits per client, and per client and account."""

from collections.abc import AsyncGenerator
from time import time
from typing import Any

import pytest
from fastapi import Request
from httpx2 import ASGITransport, AsyncClient, Response
from limits.aio.storage import MemoryStorage
from structlog.testing import capture_logs

from app.auth.models import User
from app.auth.rate_limit import PER_ACCOUNT, PER_CLIENT, RateLimiter, address
from app.settings import Settings
from tests.auth.fixtures import PASSWORD, Outbox

LOGINS = ["/auth/jwt/login", "/auth/session/login"]
MAILS = ["/auth/forgot-password", "/auth/request-verify-token"]


@pytest.fixture
async def other_client(transport: ASGITransport) -> AsyncGenerator[AsyncClient]:
    other = ASGITransport(transport.app, raise_app_exceptions=False, client=("10.0.0.9", 123))
    async with AsyncClient(transport=other, base_url="http://test") as client:
        yield client


def is_limited(response: Response) -> bool:
    return response.status_code == 429 and 1 <= int(response.headers["retry-after"]) <= 60


async def request(client: AsyncClient, path: str, email: str) -> Response:
    if path in LOGINS:
        return await client.post(path, data={"username": email, "password": PASSWORD})
    return await client.post(path, json={"email": email})


@pytest.mark.parametrize("path", LOGINS + MAILS)
async def test_limit_per_account_and_client(
    client: AsyncClient, other_client: AsyncClient, user: User, outbox: Outbox, path: str
) -> None:
    spellings = [user.email, user.email.upper(), user.email.replace("x", "\uff58")]
    for n in range(PER_ACCOUNT.amount):
        assert (await request(client, path, spellings[n % 3])).is_success
    assert is_limited(await request(client, path, user.email))
    assert (await request(client, path, "another@example.com")).status_code != 429
    assert (await request(other_client, path, user.email)).is_success  # the owner is not locked out


async def test_retry_after_is_at_least_one_second(
    client: AsyncClient, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.auth.rate_limit.time", lambda: time() + 3600)
    for _ in range(PER_ACCOUNT.amount):
        await request(client, LOGINS[0], user.email)
    response = await request(client, LOGINS[0], user.email)
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    assert response.json()["detail"] == "Too many attempts. Please try again later."


@pytest.mark.parametrize(("path", "new"), [("password", "new_password"), ("email", "email")])
async def test_limit_of_wrong_current_passwords(
    user_client: AsyncClient, path: str, new: str
) -> None:
    body = {"current_password": "a guess", new: "another@example.com"}
    for _ in range(PER_ACCOUNT.amount):
        assert (await user_client.post(f"/users/me/{path}", json=body)).status_code == 400
    body["current_password"] = PASSWORD
    assert is_limited(await user_client.post(f"/users/me/{path}", json=body))


@pytest.mark.parametrize(
    ("host", "other_host", "is_same_client"),
    [
        ("2001:db8::1", "2001:db8:0:0:ffff::2", True),  # one /64 network
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
    ],
)
def test_clients_with_ipv6_addresses(host: str, other_host: str, is_same_client: bool) -> None:
    requests = [Request({"type": "http", "client": (it, 1)}) for it in (host, other_host)]
    assert (len(set(map(address, requests))) == 1) is is_same_client


@pytest.mark.parametrize("path", ["register", "verify", "reset-password", "jwt/login"])
async def test_limit_per_client(client: AsyncClient, other_client: AsyncClient, path: str) -> None:
    for _ in range(PER_CLIENT.amount):
        assert (await client.post(f"/auth/{path}", json={})).status_code == 422
    assert is_limited(await client.post(f"/auth/{path}", json={}))
    assert (await other_client.post(f"/auth/{path}", json={})).status_code == 422


class UnreachableStorage(MemoryStorage):
    STORAGE_SCHEME = ["async+unreachable"]  # noqa: RUF012  limits expects a list
    base_exceptions = ConnectionError

    async def acquire_entry(self, *_: object, **__: object) -> bool:
        raise ConnectionError("refused")


async def test_unreachable_storage(
    client: AsyncClient, settings: Settings, state: dict[str, Any]
) -> None:
    storage = {"rate_limit_storage": "async+unreachable://user:secret@host"}
    state["rate_limiter"] = RateLimiter(settings.model_copy(update=storage))
    with capture_logs() as logs:
        response = await request(client, LOGINS[0], "user@example.com")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    (reason,) = [log["reason"] for log in logs if log["event"] == "unavailable"]
    assert reason == "ConnectionError('refused')"
    assert "secret" not in str(logs) + response.text
