"""Every way to start loads the models of all domains."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from app import domains
from app.settings import Settings
from tests.conftest import environment_for

SCRIPT = """
import asyncio
from sqlmodel import SQLModel
from app.db.session import connect
from app.settings import read_settings

async def main():
    async with connect(read_settings()):
        print(*sorted(SQLModel.metadata.tables))

asyncio.run(main())
"""


def test_script_has_all_tables(settings: Settings, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env=environment_for(settings.database_url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == sorted(SQLModel.metadata.tables)


def test_module_or_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("b/models.py", "a/models/__init__.py", "c/routes.py", "models.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    monkeypatch.setattr(domains, "APP", tmp_path)
    monkeypatch.setattr(domains, "import_module", str)
    found = map(str, domains.modules.__wrapped__("models"))
    assert list(found) == ["app.a.models", "app.b.models"]
