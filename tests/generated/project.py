"""A generated project while it is checked."""

from dataclasses import dataclass
from pathlib import Path

from tests.generated.results import Run
from tests.support.combinations import Combination
from tests.support.commands import run_command
from tests.support.databases import DatabaseServers


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
