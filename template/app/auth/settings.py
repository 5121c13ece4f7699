"""The settings of users; each is an environment variable of the same name, in capitals."""

import logging
from secrets import token_urlsafe
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings import read_settings

SECRET_LENGTH = 32  # characters


class AuthSettings(BaseSettings):
    """Raises ValidationError for a missing or short SECRET_KEY in production, and never shows it."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    """`production` needs a SECRET_KEY, and gives cookies that only HTTPS carries."""

    secret_key: SecretStr = SecretStr("")
    """Signs tokens; 32 characters or more: `openssl rand -hex 32`. Development makes one up."""

    bearer_seconds: int = Field(default=3600, gt=0)
    """Seconds that a bearer token lives."""

    session_seconds: int = Field(default=14 * 24 * 3600, gt=0)
    """Seconds that a session by cookie lives."""

    password_min_length: int = Field(default=12, ge=8)
    """Characters of a password; 1024 are the most."""

    allowed_origins: list[str] = []
    """Other sites whose pages may use the cookie: `["https://example.com"]`."""

    throttle_storage: str = "async+memory://"
    """`async+redis://host:6379` counts for all workers; memory for each one."""

    mail_from: str = "service@localhost"
    """The sender of mail."""

    smtp_host: str | None = None
    """Where mail goes; without it, in development, into the log."""

    smtp_port: int = 587
    """465 with `tls`."""

    smtp_user: str | None = None
    """Who signs in there; without it, nobody does."""

    smtp_password: SecretStr | None = None
    """Of SMTP_USER."""

    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """How the way to SMTP_HOST is encrypted."""

    @model_validator(mode="after")
    def need_a_secret(self) -> Self:
        length = len(self.secret_key.get_secret_value())
        if length == 0 and self.environment == "development":
            # Not by structlog, which is not configured when this is imported.
            logging.getLogger(__name__).warning("SECRET_KEY is not set: tokens end at a restart")
            self.secret_key = SecretStr(token_urlsafe(SECRET_LENGTH))
        elif length < SECRET_LENGTH:
            raise ValueError(f"SECRET_KEY needs {SECRET_LENGTH} characters: openssl rand -hex 32")
        return self


settings = read_settings(AuthSettings)
