"""Mail: into the log in development, by SMTP where SMTP_HOST is set. Send it in a background task."""

from dataclasses import dataclass
from email.message import EmailMessage

import structlog

from app.auth.settings import settings

log = structlog.get_logger()


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    minutes: int = 0  # that its token lives


RESET = Letter("A new password", "You asked for a new password. This token sets one:", 15)
VERIFY = Letter("Confirm your address", "This token confirms that it is yours:", 24 * 60)
NEW_ADDRESS = Letter("Your new address", "This token makes it the one of your account:", 60)
PASSWORD_CHANGED = Letter("Password changed", "If it was not you, reset it, and tell us.")
ADDRESS_CHANGED = Letter("Address changed", "It has a new one now. Was it not you? Tell us.")


async def send(letter: Letter, to: str, token: str = "") -> None:
    """Never raises: the response is out already. A failure is logged, without the token."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, letter.subject
    message.set_content(f"{letter.text}\n\n{token}\n")
    if settings.smtp_host is not None:
        await deliver(message, settings.smtp_host)
    elif settings.environment == "development":
        log.info("mail", to=to, subject=letter.subject, token=token)
    else:
        log.error("mail not sent: SMTP_HOST is not set", subject=letter.subject)


async def deliver(message: EmailMessage, host: str) -> None:
    import aiosmtplib  # here, since a start can do without it

    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    try:
        await aiosmtplib.send(
            message,
            hostname=host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=password,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
        )
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        log.error("mail not sent", subject=message["Subject"], error=type(error).__name__)
