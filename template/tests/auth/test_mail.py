"""Mail is sent after the commit, and its token appears nowhere else."""

from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlmodel import select

from app.auth import mail
from app.auth.mail import RESET, Letter
from app.auth.models import User
from app.db.database import Database
from app.settings import Settings
from tests.auth.conftest import Inbox
from tests.auth.fixtures import PASSWORD, Outbox

TOKEN = "the.long.token." * 20
Lines = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Lines:
    found: Lines = []
    for level in ("info", "error"):
        monkeypatch.setattr(
            f"app.auth.mail.log.{level}", lambda *a, **line: found.append((*a, line))
        )
    return found


@pytest.mark.parametrize("to", ["user@example.com", "änne@bücher.example"])
async def test_delivery(settings: Settings, inbox: Inbox, lines: Lines, to: str) -> None:
    await mail.send(settings, RESET, to, TOKEN)
    ((envelope, message),) = inbox.mail
    assert (envelope.mail_from, envelope.rcpt_tos) == ("service@localhost", [to])
    assert (message["To"], message["Subject"]) == (to, RESET.subject)
    text = message.get_content()
    assert RESET.text in text
    assert TOKEN in text.splitlines()
    assert message["Date"]
    assert message["Message-ID"].endswith("@localhost>")
    assert lines == []


async def test_mail_of_a_request(client: AsyncClient, inbox: Inbox) -> None:
    body = {"email": "new@example.com", "password": PASSWORD}
    assert (await client.post("/auth/register", json=body)).status_code == 201
    ((_, message),) = inbox.mail
    token = message.get_content().splitlines()[2]
    assert (await client.post("/auth/verify", json={"token": token})).status_code == 200


UNUSABLE = [
    ("smtp_port", 1),
    ("smtp_security", "starttls"),
    ("smtp_security", "tls"),
    ("smtp_user", "nobody"),
]


@pytest.mark.parametrize(("setting", "value"), UNUSABLE)
async def test_failed_delivery_is_logged(
    settings: Settings,
    inbox: Inbox,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    value: object,
) -> None:
    monkeypatch.setattr(settings, setting, value)
    await mail.send(settings, RESET, "user@example.com", TOKEN)
    ((event, line),) = lines
    assert (event, line["subject"], inbox.mail) == ("mail not sent", RESET.subject, [])
    assert TOKEN not in str(line)


async def test_rejected_recipient_is_logged(settings: Settings, inbox: Inbox, lines: Lines) -> None:
    await mail.send(settings, RESET, "rejected@example.com", TOKEN)
    ((event, line),) = lines
    assert event == "mail not sent"
    assert TOKEN not in str(line)


@pytest.mark.parametrize(("environment", "shown"), [("development", True), ("production", False)])
async def test_without_smtp_server(
    settings: Settings,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    shown: bool,
) -> None:
    monkeypatch.setattr(settings, "smtp_host", None)
    monkeypatch.setattr(settings, "environment", environment)
    await mail.send(settings, RESET, "user@example.com", TOKEN)
    ((event, line),) = lines
    assert event == ("mail" if shown else "mail not sent: SMTP_HOST is not set")
    assert (TOKEN in str(line)) is shown


async def test_mail_is_sent_after_the_commit(
    client: AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def send(_: Settings, letter: Letter, to: str, token: str = "") -> None:
        async with db.unit(read_only=True) as session:
            seen.extend((await session.exec(select(User.email))).all())

    monkeypatch.setattr(mail, "send", send)
    body = {"email": "new@example.com", "password": PASSWORD}
    assert (await client.post("/auth/register", json=body)).status_code == 201
    assert seen == ["new@example.com"]


async def test_failed_request_sends_no_mail(
    client: AsyncClient, user: User, outbox: Outbox
) -> None:
    body = {"email": user.email, "password": PASSWORD}
    assert (await client.post("/auth/register", json=body)).status_code == 400
    assert outbox == []


@pytest.mark.parametrize("local", ["=?utf-8?q?user?=", "=?utf-8?q?a=40evil.example=2c?="])
async def test_encoded_word_in_address(client: AsyncClient, local: str) -> None:
    body = {"email": f"{local}@example.com", "password": PASSWORD}
    assert (await client.post("/auth/register", json=body)).status_code == 422
