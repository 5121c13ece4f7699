"""Mail to users. Send it in a background task, after the commit."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import localtime, make_msgid
from html import escape

import structlog

from app.auth.settings import AuthSettings

log = structlog.get_logger()


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    purpose: str = ""  # of the token
    minutes: int = 0  # lifetime of the token
    page: str = ""  # of the front end, which sends the token to the API


RESET = Letter("Reset your password", "Set a new password", "reset", 15, "reset-password")
VERIFY = Letter(
    "Confirm your e-mail address", "Confirm your address", "verify", 24 * 60, "verify-email"
)
NEW_EMAIL = Letter(
    "Confirm your new e-mail address", "Confirm your new address", "email", 60, "confirm-email"
)
PASSWORD_CHANGED = Letter("Your password was changed", "If this wasn't you, please contact us.")
EMAIL_CHANGED = Letter("Your e-mail address was changed", "If this wasn't you, please contact us.")
IGNORE = "If you did not ask for this, please ignore this message."


async def send(settings: AuthSettings, letter: Letter, to: str, token: str = "") -> None:
    """Send a letter. The response is already sent: a failure is only logged, without the token."""
    link = page_url(settings, letter, token) if token and settings.front_end_url else ""
    if settings.smtp_host:
        await deliver(settings, compose(settings.mail_from, letter, to, token, link))
    elif not settings.production:
        log.info("mail", to=to, subject=letter.subject, content=link or token)
    else:
        log.error("mail not sent: SMTP_HOST is not set", subject=letter.subject)


def page_url(settings: AuthSettings, letter: Letter, token: str) -> str:
    # Browsers do not send the fragment, so no access log and no Referer header contains the token.
    # A mail scanner that opens the link does not use up the token either.
    return f"{str(settings.front_end_url).rstrip('/')}/{letter.page}#token={token}"


def compose(sender: str, letter: Letter, to: str, token: str, link: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, letter.subject
    domain = message["From"].addresses[0].domain
    message["Date"], message["Message-ID"] = localtime(), make_msgid(domain=domain)
    if not token:
        message.set_content(f"{letter.text}\n")
    elif not link:
        message.set_content(f"{letter.text} with this token:\n\n{token}\n\n{IGNORE}\n")
    else:
        message.set_content(f"{letter.text} with this link:\n\n{link}\n\n{IGNORE}\n")
        anchor = f'<a href="{escape(link)}">{escape(letter.text)}</a>'
        message.add_alternative(f"<p>{anchor}</p>\n<p>{escape(IGNORE)}</p>\n", subtype="html")
    return message


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
