"""Mail to users. Send it in a background task, after the commit."""

from dataclasses import dataclass
from email.message import EmailMessage

import structlog

from app.auth.settings import AuthSettings

log = structlog.get_logger()


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    purpose: str = ""  # of the token
    minutes: int = 0  # lifetime of the token


RESET = Letter("Reset your password", "Set a new password with this token:", "reset", 15)
VERIFY = Letter("Confirm your e-mail address", "Confirm it with this token:", "verify", 24 * 60)
NEW_EMAIL = Letter("Confirm your new e-mail address", "Confirm it with this token:", "email", 60)
PASSWORD_CHANGED = Letter("Your password was changed", "If this wasn't you, please contact us.")
EMAIL_CHANGED = Letter("Your e-mail address was changed", "If this wasn't you, please contact us.")


async def send(settings: AuthSettings, letter: Letter, to: str, token: str = "") -> None:
    """Send a letter. The response is already sent: a failure is only logged, without the token."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, to, letter.subject
    message.set_content(f"{letter.text}\n\n{token}\n")
    if settings.smtp_host:
        await deliver(settings, message)
    elif not settings.production:
        log.info("mail", to=to, subject=letter.subject, token=token)
    else:
        log.error("mail not sent: SMTP_HOST is not set", subject=letter.subject)


async def deliver(settings: AuthSettings, message: EmailMessage) -> None:
    import aiosmtplib  # not at the top: most processes send no mail

    password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
    try:
        await aiosmtplib.send(
            message,
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user,
            password=password,
            use_tls=settings.smtp_security == "tls",
            start_tls=settings.smtp_security == "starttls",
        )
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        log.error("mail not sent", subject=message["Subject"], error=type(error).__name__)
