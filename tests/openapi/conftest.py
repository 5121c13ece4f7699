"""A service without and one with users, its OpenAPI document, and the tools of `package.json`."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.generated.serving import run_production_service
from tests.support.combinations import Combination
from tests.support.commands import run_command
from tests.support.databases import environment_variables
from tests.support.missing_tools import report_not_run
from tests.support.rendering import render_project

HERE = Path(__file__).parent
CLIENTS = HERE / "clients"
QUIET = {"REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_UPDATE_NOTIFIER": "1"}


@dataclass
class Service:
    """A running service, without the packages for development.

    Its document is `openapi.json` in a folder for tools to work in.
    """

    address: str
    project: Path
    folder: Path
    env: dict[str, str]

    def run_tool(self, *command: str) -> str:
        """Runs a tool of `package.json` and returns its output. Raises CommandFailed if it fails."""
        return run_command(self.folder, self.env | QUIET, "npx", "--no-install", *command)


@pytest.fixture(scope="session", params=[False, True], ids=["without users", "with users"])
def service(
    request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """Two of its domains have functions of the same names."""
    folder = tmp_path_factory.mktemp("openapi")
    project = render_project(
        template, folder / "service", **Combination(auth=request.param).answers
    )
    for domain in ("archive", "notes"):
        (project / "app" / domain).mkdir()
        source = (CLIENTS / "routes_of_domain.py").read_text()
        (project / "app" / domain / "routes.py").write_text(source.replace("DOMAIN", domain))
    env = environment_variables(folder / "environment")
    env["DATABASE_URL"] = f"sqlite:///{folder}/app.db"
    run_command(project, env, "uv", "sync", "--quiet", "--no-dev")
    run_command(project, env, "uv", "run", "--no-sync", "alembic", "upgrade", "head")
    document = run_command(project, env, "uv", "run", "--no-sync", "manage", "openapi")
    (folder / "openapi.json").write_text(document[document.index("{") :])
    for file in [*HERE.glob("*.yaml"), *CLIENTS.glob("*.ts"), CLIENTS / "tsconfig.json"]:
        shutil.copy(file, folder)
    with run_production_service(project, env) as (_, address):
        yield Service(address, project, folder, env)


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tools of `package.json`, installed from its lock file."""
    if shutil.which("npm") is None:
        report_not_run("There is no npm: apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    env = environment_variables(folder)
    run_command(folder, env, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    return folder / "node_modules"


@pytest.fixture
def node_service(service: Service, node_modules: Path) -> Service:
    """The service, with the tools of `package.json` in its folder."""
    link = service.folder / "node_modules"
    if not link.exists():
        link.symlink_to(node_modules)
    return service
