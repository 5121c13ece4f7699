"""Settings for users. Each is an environment variable of the same name, in capitals."""

import logging
from email.utils import parseaddr
from secrets import token_urlsafe
from typing import Literal, Self

from pydantic import (
    Field,
    HttpUrl,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings

# Characters of a password. PASSWORD_MIN_LENGTH can be higher. Argon2 has no maximum.
MIN_LENGTH, MAX_LENGTH = 8, 1024
SECRET_LENGTH = 32  # characters


class AuthSettings(BaseSettings):
    """Raises ValidationError if the SECRET_KEY is too short, or missing in production."""

    environment: Literal["development", "production"] = Field(
        default="development",
        description="production requires a SECRET_KEY, and sends cookies over HTTPS only.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs tokens: 32 characters or more, from `openssl rand -hex 32`."
        " In development, the default is random.",
    )
    bearer_seconds: int = Field(default=3600, gt=0, description="Bearer token lifetime in seconds.")
    session_seconds: int = Field(
        default=14 * 24 * 3600, gt=0, description="Cookie session lifetime in seconds."
    )
    password_min_length: int = Field(
        default=12,
        ge=MIN_LENGTH,
        le=MAX_LENGTH,
        description="Minimum password length in characters. The maximum is 1024.",
    )
    password_hash_concurrency: int = Field(
        default=2,
        ge=1,
        description="Passwords that a worker hashes at the same time. Each takes 64 MiB.",
    )
    rate_limit_storage: str = Field(
        default="async+memory://",
        description="Storage of rate limits. Workers can share `async+redis://host:6379`.",
    )
    front_end_url: HttpUrl | None = Field(
        default=None,
        description="Address of the front end, for links in mail: `https://app.example.com`."
        " Without it, mail contains tokens.",
    )
    mail_from: str = Field(
        default="service@localhost", description="Sender of mail: `Shop <mail@example.com>`."
    )
    smtp_host: str | None = Field(
        default=None,
        description="SMTP server. Without one, no mail is sent; in development, mail is logged.",
    )
    smtp_port: int = Field(default=587, description="SMTP port; usually 465 with `tls`.")
    smtp_user: str | None = Field(default=None, description="SMTP user name (optional).")
    smtp_password: SecretStr | None = Field(default=None, description="Password of SMTP_USER.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="Encryption of the SMTP connection."
    )

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def session_cookie(self) -> str:
        """The name of the cookie. Browsers accept the prefix `__Host-` over HTTPS only."""
        return "__Host-session" if self.production else "session"

    @field_validator("mail_from")
    @classmethod
    def check_mail_from(cls, value: str) -> str:
        if "@" not in parseaddr(value)[1] or not value.isprintable():
            raise ValueError("write mail@example.com, or Shop <mail@example.com>")
        return value

    @field_validator("front_end_url")
    @classmethod
    def check_front_end_url(cls, url: HttpUrl | None, info: ValidationInfo) -> HttpUrl | None:
        if url and any((url.query, url.fragment, url.username)):
            raise ValueError("write https://app.example.com, without a query, fragment or user")
        if url and url.scheme != "https" and info.data.get("environment") == "production":
            raise ValueError("it must begin with https:// in production")
        return url

    @model_validator(mode="after")
    def check_secret(self) -> Self:
        length = len(self.secret_key.get_secret_value())
        if length == 0 and not self.production:
            # structlog is not configured yet.
            logging.getLogger(__name__).warning("SECRET_KEY is not set: tokens expire at a restart")
            self.secret_key = SecretStr(token_urlsafe(SECRET_LENGTH))
        elif length < SECRET_LENGTH:
            raise ValueError(f"SECRET_KEY needs {SECRET_LENGTH} characters: openssl rand -hex 32")
        return self
