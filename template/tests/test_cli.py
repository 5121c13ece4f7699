"""`manage`, the maintenance commands."""

import json
import sys
from unittest.mock import patch

from click.testing import CliRunner

from app.cli import manage
from app.settings import Settings


def test_openapi(settings: Settings) -> None:
    with patch.dict(sys.modules), patch("app.settings.read_settings", return_value=settings):
        printed = CliRunner().invoke(manage, ["openapi"]).stdout  # imports app.main
    assert "/health/live" in json.loads(printed)["paths"]
    assert printed.startswith('{\n  "openapi"')  # it is indented, so that a diff is readable


def test_commands_are_listed() -> None:
    assert "openapi" in CliRunner().invoke(manage).output
