"""Settings for users. Production requires a secret, which is never shown."""

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from sqlalchemy import URL

from app.auth import passwords
from app.auth.dependencies import cookie_transport
from app.auth.settings import MIN_LENGTH, SECRET_LENGTH
from app.settings import Settings
from tests.conftest import settings_for

SECRET = "a production secret of 32 characters or more"
PRODUCTION: dict[str, Any] = {"environment": "production", "secret_key": SECRET}


@pytest.mark.parametrize(
    "values",
    [
        {"environment": "production"},
        {"environment": "production", "secret_key": ""},
        {"environment": "production", "secret_key": "changethis"},
        {"environment": "development", "secret_key": "changethis"},
    ],
)
def test_missing_or_short_secret(server: URL, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="SECRET_KEY needs 32 characters") as error:
        settings_for(server, **values)
    assert "changethis" not in str(error.value)


def test_secrets_are_not_shown(server: URL) -> None:
    settings = settings_for(server, **PRODUCTION, smtp_password=SECRET)
    assert settings.secret_key.get_secret_value() == SECRET
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"


def test_shortest_secret(server: URL) -> None:
    secret = "x" * SECRET_LENGTH
    assert settings_for(server, secret_key=secret).secret_key.get_secret_value() == secret


def test_random_secret_in_development(server: URL, caplog: pytest.LogCaptureFixture) -> None:
    secrets = {settings_for(server).secret_key.get_secret_value() for _ in range(2)}
    assert len(secrets) == 2
    assert min(map(len, secrets)) >= SECRET_LENGTH
    assert caplog.messages == ["SECRET_KEY is not set: tokens expire at a restart"] * 2


@pytest.mark.parametrize(
    ("values", "name", "secure"), [({}, "session", False), (PRODUCTION, "__Host-session", True)]
)
async def test_cookie_flags(server: URL, values: dict[str, Any], name: str, secure: bool) -> None:
    transport = cookie_transport(settings_for(server, **values))
    response = await transport.get_login_response("the-token")
    value, *flags = response.headers["set-cookie"].split("; ")
    assert value == f"{name}=the-token"
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(flags)
    assert ("Secure" in flags) is secure
    assert not [flag for flag in flags if flag.startswith("Domain")]


def test_minimum_password_length_is_documented(app: FastAPI) -> None:
    schema = app.openapi()["components"]["schemas"]["Registration"]
    assert schema["properties"]["password"]["minLength"] == MIN_LENGTH


def test_concurrent_hashes_are_limited(settings: Settings, state: dict[str, Any]) -> None:
    assert passwords.limiter.total_tokens == settings.password_hash_concurrency == 2
