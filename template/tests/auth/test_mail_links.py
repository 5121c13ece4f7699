"""With FRONT_END_URL, mail contains a link to a page of the front end, with the token."""

from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx2 import AsyncClient
from pydantic import HttpUrl, ValidationError
from sqlalchemy import URL

from app.auth import mail
from app.auth.mail import PASSWORD_CHANGED, RESET
from app.settings import Settings
from tests.auth.conftest import Inbox
from tests.auth.fixtures import PASSWORD, Accounts
from tests.auth.test_settings import PRODUCTION
from tests.conftest import settings_for

FRONT_END = "https://app.example.com"
NEW = "another long password"


@pytest.fixture(autouse=True)
def front_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "front_end_url", HttpUrl(FRONT_END))


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [value for name, value in attrs if name == "href"]


def link(message: EmailMessage) -> str:
    """The link of a letter, which is the same in the text and in the HTML."""
    assert message.get_content_type() == "multipart/alternative"
    parts = list(message.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    text, html = (part.get_content() for part in parts)
    found: str = text.splitlines()[2]
    assert Links(html).found == [found]
    assert Links(html).tags == ["p", "a", "p"]
    return found


def token_of(message: EmailMessage, page: str) -> str:
    address = urlsplit(link(message))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{FRONT_END}/{page}"
    assert address.query == ""  # a server would log it
    return parse_qs(address.fragment)["token"][0]


async def follow(client: AsyncClient, path: str, token: str, **more: str) -> list[int]:
    """Do twice what the page does."""
    body = {"token": token, **more}
    return [(await client.post(path, json=body)).status_code for _ in range(2)]


async def test_links_work_once(client: AsyncClient, inbox: Inbox, accounts: Accounts) -> None:
    account = {"email": "new@example.com", "password": PASSWORD}
    await client.post("/auth/register", json=account)
    token = token_of(inbox.mail[-1][1], "verify-email")
    assert await follow(client, "/auth/verify", token) == [200, 400]

    await client.post("/auth/forgot-password", json={"email": "new@example.com"})
    token = token_of(inbox.mail[-1][1], "reset-password")
    assert await follow(client, "/auth/reset-password", token, password=NEW) == [200, 400]
    assert inbox.mail[-1][1].get_content().strip() == PASSWORD_CHANGED.text  # no link

    form = {"username": "new@example.com", "password": NEW}
    assert (await client.post("/auth/session/login", data=form)).status_code == 204
    body = {"current_password": NEW, "email": "other@example.com"}
    assert (await client.post("/users/me/email", json=body)).status_code == 202
    assert inbox.mail[-1][0].rcpt_tos == ["other@example.com"]
    token = token_of(inbox.mail[-1][1], "confirm-email")
    assert await follow(client, "/users/confirm-email", token) == [200, 400]
    assert (await client.get("/users/me")).json()["email"] == "other@example.com"


@pytest.mark.parametrize(
    ("front_end", "expected"),
    [
        ("https://example.com/app/", "https://example.com/app/reset-password#token=x.y"),
        ("https://example.com/a'b&lt;\"<i>", "https://example.com/a'b&lt;%22%3Ci%3E/reset-"),
        ("https://bücher.example", "https://xn--bcher-kva.example/reset-password#token=x.y"),
    ],
)
async def test_address_of_front_end(
    settings: Settings,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    front_end: str,
    expected: str,
) -> None:
    monkeypatch.setattr(settings, "front_end_url", HttpUrl(front_end))
    monkeypatch.setattr(settings, "mail_from", 'A & B "<i>" <mail@example.com>')
    await mail.send(settings, RESET, "o'neil&co@example.com", "x.y")
    ((envelope, message),) = inbox.mail
    assert link(message).startswith(expected)
    assert envelope.mail_from == "mail@example.com"


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"front_end_url": "app.example.com"}, "front_end_url"),
    ({"front_end_url": "ftp://app.example.com"}, "front_end_url"),
    ({"front_end_url": "https://app.example.com/?x=1"}, "without a query"),
    ({"front_end_url": "https://app.example.com/#x"}, "without a query, fragment"),
    ({"front_end_url": "https://someone@app.example.com"}, "fragment or user"),
    ({"front_end_url": "http://app.example.com", **PRODUCTION}, "https:// in production"),
    ({"mail_from": "Shop"}, "write mail@example.com"),
    ({"mail_from": "mail@example.com\r\nBcc: x@example.com"}, "write mail@example.com"),
]


@pytest.mark.parametrize(("values", "reason"), INVALID)
def test_invalid_setting(server: URL, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings_for(server, **values)


def test_front_end_without_tls_in_development(server: URL) -> None:
    assert settings_for(server, front_end_url="http://localhost:5173").front_end_url


def test_front_end_with_tls_in_production(server: URL) -> None:
    assert settings_for(server, front_end_url=FRONT_END, **PRODUCTION).front_end_url
