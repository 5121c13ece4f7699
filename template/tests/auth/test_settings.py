"""The settings of users: no production without a secret, and the secret in no message."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.auth.backends import cookie
from app.auth.settings import SECRET_LENGTH, AuthSettings
from app.settings import read_settings

SECRET = "a secret of production, of 32 characters and more"
PRINT_COOKIE = """
import asyncio
from tests.auth.test_settings import set_cookie
print(asyncio.run(set_cookie()))
"""


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in AuthSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)  # where there is no .env


@pytest.mark.parametrize(
    ("environment", "secret"),
    [
        ("production", None),
        ("production", ""),
        ("production", "changethis"),
        ("development", "changethis"),
    ],
)
def test_no_start_without_a_good_secret(
    monkeypatch: pytest.MonkeyPatch, environment: str, secret: str | None
) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)
    if secret is not None:
        monkeypatch.setenv("SECRET_KEY", secret)
    with pytest.raises(SystemExit, match="SECRET_KEY needs 32 characters") as error:
        read_settings(AuthSettings)
    assert "changethis" not in str(error.value)


def test_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("SMTP_PASSWORD", SECRET)
    settings = AuthSettings()
    assert settings.secret_key.get_secret_value() == SECRET
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"


def test_development_makes_its_own_secret() -> None:
    secrets = {AuthSettings().secret_key.get_secret_value() for _ in range(2)}
    assert len(secrets) == 2
    assert min(map(len, secrets)) >= SECRET_LENGTH


async def set_cookie() -> str:
    response = await cookie.transport.get_login_response("the-token")
    return response.headers["set-cookie"]


async def test_the_cookie_in_development() -> None:
    value, *flags = (await set_cookie()).split("; ")
    assert value == "session=the-token"
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(flags)
    assert "Secure" not in flags


def test_the_cookie_in_production(pytestconfig: pytest.Config) -> None:
    result = subprocess.run(  # since the cookie is made once, from the environment
        [sys.executable, "-c", PRINT_COOKIE],
        cwd=pytestconfig.rootpath,
        env=os.environ | {"ENVIRONMENT": "production", "SECRET_KEY": SECRET},
        capture_output=True,
        text=True,
        check=True,
    )
    value, *flags = result.stdout.splitlines()[-1].split("; ")
    assert value == "__Host-session=the-token"
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(flags)
    assert not [flag for flag in flags if flag.startswith("Domain")]
