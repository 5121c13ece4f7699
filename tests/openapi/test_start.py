"""A service loads nothing at its start that only a command or a migration needs."""

import pytest

from tests.openapi.conftest import Service
from tests.support.commands import run_command

pytestmark = pytest.mark.slow

NOT_AT_START = {"alembic", "click", "mako", "pygments", "rich", "typer"}
PRINT_MODULES = "import sys; import app.main; print('loaded:', *sys.modules)"


def test_imports_at_start(service: Service) -> None:
    """`structlog` imports rich if it is installed, and that takes a tenth of the start."""
    command = ["uv", "run", "--no-sync", "python", "-c", PRINT_MODULES]
    loaded = run_command(service.project, service.env, *command).partition("loaded:")[2].split()
    assert "app.main" in loaded
    assert NOT_AT_START.isdisjoint(loaded)
