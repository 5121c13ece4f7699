"""A generated project while it is checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.generated.results import Run
from tests.support.combinations import Combination
from tests.support.commands import run_command
from tests.support.databases import DatabaseServers, NoDatabaseServer, environment_variables
from tests.support.missing_tools import report_not_run
from tests.support.rendering import render_project

ALEMBIC = """
import sys
from alembic.config import main
for arguments in sys.argv[1:]:
    main(arguments.split(), prog="alembic")
"""


@dataclass
class GeneratedProject:
    """What a check needs: the project's folder, the variables of its commands, and where to report."""

    combination: Combination
    path: Path
    env: dict[str, str]
    servers: DatabaseServers
    run: Run

    @property
    def environment(self) -> Path:
        """The virtual environment that the project is installed in."""
        return Path(self.env["UV_PROJECT_ENVIRONMENT"])

    def run_command(self, *command: str) -> str:
        """Runs a command in the project and returns its output. Raises CommandFailed if it fails."""
        return run_command(self.path, self.env, *command)

    def run_alembic(self, *commands: str) -> str:
        """Runs commands of Alembic in one process, because a start takes longer than a migration."""
        return self.run_command("uv", "run", "python", "-c", ALEMBIC, *commands)


@contextmanager
def install_project(
    combination: Combination, template: Path, environment: Path, folder: Path, **answers: object
) -> Iterator[GeneratedProject]:
    """A project outside the matrix, with its packages and an empty database."""
    path = render_project(template, folder / "project", **combination.answers | answers)
    env, servers = environment_variables(environment), DatabaseServers(folder)
    project = GeneratedProject(combination, path, env, servers, Run(combination))
    project.run_command("uv", "sync", "--quiet")
    try:
        env |= servers.create_database(combination, "project", path)
        yield project
    except NoDatabaseServer as error:
        report_not_run(str(error))
    finally:
        servers.close()
