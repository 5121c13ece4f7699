"""`manage`, the maintenance commands."""

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from app.cli import manage
from app.settings import Settings
from tests.conftest import environment_for


def test_openapi(settings: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from app.cli import manage; manage()", "openapi"]
    env = environment_for(settings.database_url)
    document = json.loads(subprocess.check_output(command, cwd=tmp_path, env=env))
    assert "/health/live" in document["paths"]


def test_commands_are_listed() -> None:
    assert "openapi" in CliRunner().invoke(manage).output
