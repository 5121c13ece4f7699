"""Responses do not reveal whether an address has an account."""

from unittest.mock import Mock

import pytest
from httpx2 import AsyncClient

from app.auth import passwords
from app.auth.models import User
from tests.auth.fixtures import PASSWORD, Outbox

LOGINS = ["/auth/jwt/login", "/auth/session/login"]
MAILS = ["/auth/forgot-password", "/auth/request-verify-token"]


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> Mock:
    passwords.dummy_hash()  # created once, so it is not counted
    spy = Mock(wraps=passwords.hasher)
    monkeypatch.setattr(passwords, "hasher", spy)
    return spy


@pytest.mark.parametrize("path", LOGINS)
async def test_sign_in_with_unknown_address(
    client: AsyncClient, user: User, hasher: Mock, path: str
) -> None:
    responses = set()
    for n, name in enumerate((user.email, "nobody@example.com", "no address", "a\0b"), 1):
        response = await client.post(path, data={"username": name, "password": "wrong"})
        responses.add((response.status_code, response.text))
        assert len(hasher.method_calls) == hasher.verify_and_update.call_count == n
    assert len(responses) == 1


async def test_register_with_taken_address_takes_as_long(
    client: AsyncClient, user: User, hasher: Mock
) -> None:
    for n, (email, status) in enumerate(((user.email, 400), ("new@example.com", 201)), 1):
        body = {"email": email, "password": PASSWORD}
        assert (await client.post("/auth/register", json=body)).status_code == status
        assert len(hasher.method_calls) == hasher.hash.call_count == n


@pytest.mark.parametrize("path", MAILS)
async def test_request_mail_for_unknown_address(
    client: AsyncClient, user: User, outbox: Outbox, hasher: Mock, path: str
) -> None:
    new = {"email": "new@example.com"}  # not verified, so that both routes send mail
    await client.post("/auth/register", json=new | {"password": PASSWORD})
    for body in ({"email": "nobody@example.com"}, {"email": user.email}, new):
        response = await client.post(path, json=body)
        assert (response.status_code, response.text) == (202, "null")
    assert [to for _, to, _ in outbox].count("new@example.com") == 2
    assert len(hasher.method_calls) == 1  # for the registration
