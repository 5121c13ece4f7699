"""An SMTP server for tests."""

import asyncio
from collections.abc import AsyncGenerator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.settings import Settings


class Inbox:
    """An SMTP server. It rejects the recipient `rejected@example.com`."""

    def __init__(self) -> None:
        self.mail: list[tuple[Envelope, EmailMessage]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if envelope.rcpt_tos == ["rejected@example.com"]:
            return "550 not here"
        content = cast(bytes, envelope.content)
        self.mail.append((envelope, message_from_bytes(content, policy=default)))
        return "250 OK"


@pytest.fixture
async def inbox(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Inbox]:
    inbox, loop = Inbox(), asyncio.get_running_loop()
    new_connection = lambda: SMTP(inbox, hostname="localhost", enable_SMTPUTF8=True, loop=loop)
    async with await loop.create_server(new_connection, "127.0.0.1", 0) as server:
        monkeypatch.setattr(settings, "smtp_host", "127.0.0.1")
        monkeypatch.setattr(settings, "smtp_port", server.sockets[0].getsockname()[1])
        monkeypatch.setattr(settings, "smtp_security", "none")
        yield inbox
