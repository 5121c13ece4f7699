"""Settings, `.env.example` and unknown names in `.env`."""

import re
from pathlib import Path

import pytest
from sqlalchemy import URL

from app.settings import Settings
from dev.env_file import example, find_faults
from tests.conftest import ROOT, settings_for

EXAMPLE = ROOT / ".env.example"


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


def test_tests_ignore_env_file_and_environment(
    server: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}=?\n" for name in Settings.model_fields))
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "?")
    assert settings_for(server).log_level == "INFO"
