"""Installs a generated project from its wheel, and runs it in another folder."""

import tempfile
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.generated.project import GeneratedProject
from tests.generated.serving import run_production_service
from tests.support.commands import CommandFailed, run_command

# What docs/deploying.md says. `migrations:` is the installed package.
PYPROJECT = """
[tool.fastapi]
entrypoint = "app.main:app"

[tool.alembic]
script_location = "migrations:"
"""


def run_from_wheel(project: GeneratedProject) -> None:
    """The service finds its migrations in the wheel, and is not ready before they have run."""
    with tempfile.TemporaryDirectory(prefix="wheel-") as name:
        folder, environment = Path(name), f"{name}/.venv"
        env = project.env | {
            "UV_PROJECT_ENVIRONMENT": environment,
            "DATABASE_URL": "sqlite:///installed.db",
        }
        project.run_command("uv", "build", "--quiet", "--wheel", "--out-dir", name)
        (wheel,) = folder.glob("*.whl")
        run_command(folder, env, "uv", "venv", "--quiet", environment)
        run_command(
            folder, env, "uv", "pip", "install", "--quiet", "--python", environment, str(wheel)
        )
        (folder / "pyproject.toml").write_text(PYPROJECT)
        with run_production_service(folder, env) as (_, address):
            expect_ready(address, 503, "alembic upgrade head")
            run_command(folder, env, f"{environment}/bin/alembic", "upgrade", "head")
            expect_ready(address, 200, "ok")


def expect_ready(address: str, status: int, text: str) -> None:
    try:
        response = urlopen(f"{address}/health/ready")
    except HTTPError as error:
        response = error
    with closing(response):
        found, body = response.status, response.read().decode()
    if found != status or text not in body:
        raise CommandFailed(f"/health/ready is {found}: {body}")
