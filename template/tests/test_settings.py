"""Settings, `.env.example` and unknown names in `.env`."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient
from pydantic import ValidationError
from sqlalchemy import URL

import app.settings
from app.api import include_domain
from app.http.settings import SettingsDep
from app.settings import Settings, read_settings
from dev.env_file import example, find_faults
from tests.conftest import ROOT, TestSettings, settings_for

EXAMPLE = ROOT / ".env.example"
LOWEST = {"_pool": 1, "_timeout": 0.5, "_seconds": 1, "max_body_size": 0}
LIMITED = [
    (name, 1 if field.annotation is int and lowest == 0.5 else lowest)
    for name, field in Settings.model_fields.items()
    for end, lowest in LOWEST.items()
    if name.endswith(end)
]


def test_example_has_every_setting() -> None:
    assert EXAMPLE.read_text() == example(), "uv run python -m dev.env_file > .env.example"


def test_example_is_valid(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert find_faults(path) == []


def test_unknown_name_is_found(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("LOG_LEVEL=INFO\nLOGLEVEL=INFO\nSOMETHING=else\n")
    close, other = find_faults(path)
    assert close == "LOGLEVEL in .env is not a setting: did you mean LOG_LEVEL?"
    assert other.startswith("SOMETHING in .env is not a setting: delete it")


async def test_route_reads_settings(app: FastAPI, client: AsyncClient, settings: Settings) -> None:
    routes = APIRouter()

    @routes.get("/test-settings")
    async def read(settings: SettingsDep) -> int:
        return settings.max_body_size

    include_domain(app, routes)
    assert (await client.get("/test-settings")).json() == settings.max_body_size


def test_tests_ignore_env_file_and_environment(
    server: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}=?\n" for name in Settings.model_fields))
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "?")
    assert settings_for(server).log_level == "INFO"


def test_env_file_of_the_project() -> None:
    assert Settings.model_config["env_file"] == ROOT / ".env"


def without_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "model_config", {**Settings.model_config, "env_file": None})


@pytest.mark.parametrize(("name", "lowest"), LIMITED)
def test_lowest_value(server: URL, name: str, lowest: float) -> None:
    assert getattr(settings_for(server, **{name: lowest}), name) == lowest
    with pytest.raises(ValidationError) as error:
        settings_for(server, **{name: lowest - 1})
    assert "input_value" not in str(error.value)  # it may be a secret


def test_invalid_list_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    without_env_file(monkeypatch)
    monkeypatch.setenv("CORS_ORIGINS", '["https://a.com"')
    with pytest.raises(SystemExit, match=r"^CORS_ORIGINS: .*write https") as exited:
        read_settings()
    assert "\n" not in str(exited.value)


def test_invalid_settings_are_printed_with_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    without_env_file(monkeypatch)
    monkeypatch.setenv("MAX_BODY_SIZE", "-1")
    monkeypatch.setenv("API_DOCS", "secret")
    monkeypatch.setenv("DATABASE_URL", "secret")
    with pytest.raises(SystemExit) as exited:
        read_settings()
    message = str(exited.value)
    assert "MAX_BODY_SIZE: Input should be greater than or equal to 0" in message.splitlines()
    assert "API_DOCS: Input should be a valid boolean, unable to interpret input" in (
        message.splitlines()
    )
    assert any(line.startswith("DATABASE_URL: it must be ") for line in message.splitlines())
    assert "secret" not in message


def test_migrations_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    without_env_file(monkeypatch)
    monkeypatch.setenv("DATABASE_URL", "oracle://app:secret@localhost/app")
    with pytest.raises(SystemExit, match=r"^DATABASE_URL: it is for oracle, "):
        command.upgrade(Config(toml_file=ROOT / "pyproject.toml"), "head")


def test_choices_ignore_case() -> None:
    settings = TestSettings.model_validate({"log_level": "warning", "log_format": "JSON"})
    assert (settings.log_level, settings.log_format) == ("WARNING", "json")
    with pytest.raises(ValidationError):
        TestSettings.model_validate({"log_level": "loud"})


def test_list_that_is_not_json_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    without_env_file(monkeypatch)

    class MoreSettings(Settings):
        numbers: list[int]

    monkeypatch.setattr(app.settings, "Settings", MoreSettings)
    monkeypatch.setenv("NUMBERS", "1,2")
    with pytest.raises(SystemExit, match=r'"numbers".*: write JSON, as in \["one", "two"\]'):
        read_settings()


def test_missing_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENV_FILE", str(tmp_path))
    with pytest.raises(SystemExit, match=f"^ENV_FILE: there is no file {re.escape(str(tmp_path))}"):
        read_settings()


def test_env_file_in_another_encoding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_bytes("# Schlüssel".encode("latin-1"))
    monkeypatch.setenv("ENV_FILE", str(path))
    model_config: dict[str, object] = {**Settings.model_config, "env_file": path}
    monkeypatch.setattr(Settings, "model_config", model_config)
    with pytest.raises(SystemExit, match="the file is not in UTF-8"):
        read_settings()
