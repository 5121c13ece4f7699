"""The databases of generated projects, on throw-away servers that a run shares."""

import os
import re
import subprocess
import threading
from pathlib import Path

from tests.cells import Cell
from tests.steps import DATABASE_PASSWORD, StepFailed, step

# Serves the generated project's own test server, until its input ends; each line of that is the name
# of a database to create.
SERVE = """
import sys
from tests.database import running_server
from tests.servers import run_sql
with running_server() as url:
    if url.get_backend_name() != "postgresql":  # which trusts everyone on this machine
        run_sql(url, f"CREATE USER app IDENTIFIED BY '{sys.argv[1]}'")
        run_sql(url, "GRANT ALL ON *.* TO app")
        url = url.set(username="app")
    url = url.set(password=sys.argv[1])
    run_sql(url, "CREATE DATABASE test")
    print(url.set(database="test").render_as_string(hide_password=False), flush=True)
    for name in sys.stdin:
        run_sql(url, f"CREATE DATABASE {name}")
        print(name, end="", flush=True)
"""

# Of this run's own environment, and not the projects' business: a container's image may forbid
# bytecode, without which every start of Python compiles all that it imports.
FOREIGN = {
    "DATABASE_URL",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "TEST_DATABASE_URL",
    "UV_RUN_RECURSION_DEPTH",
    "VIRTUAL_ENV",
}


class NoServer(Exception):
    """The database server of a cell cannot be had here; the message says how to get it."""


class Servers:
    """One server a family of databases, started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: dict[str, subprocess.Popen[str]] = {}
        self.urls: dict[str, str] = {}
        self.lock = threading.Lock()

    def close(self) -> None:
        for server in self.servers.values():
            server.communicate()  # the end of its input ends it

    def database(self, cell: Cell, name: str, project: Path) -> dict[str, str]:
        """The variables for an empty database of that name, and for a server for the tests."""
        if cell.family == "sqlite":
            return {"DATABASE_URL": f"sqlite:///{self.folder}/{name}.db"}
        name = "test_" + re.sub(r"\W", "_", name)
        with self.lock:
            server = self._server(cell.family, project)
            process = self.servers[cell.family]
            assert process.stdin is not None and process.stdout is not None
            print(name, file=process.stdin, flush=True)
            if process.stdout.readline().strip() != name:
                raise StepFailed(f"{name} was not created:\n{process.communicate()[1]}")
        return {"DATABASE_URL": at(server, name), "TEST_DATABASE_URL": server}

    def _server(self, family: str, project: Path) -> str:
        if family not in self.urls:
            env = environment_of(self.folder / f"env-{family}")  # which nobody changes
            step(project, env, "uv", "sync", "--quiet")
            python = self.folder / f"env-{family}" / "bin" / "python"
            server = subprocess.Popen(
                [python, "-c", SERVE, DATABASE_PASSWORD],
                cwd=project,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            if not url:
                raise NoServer(server.communicate()[1].rpartition("Exit: ")[2].strip())
            self.servers[family] = server
            self.urls[family] = url
        return self.urls[family]


def at(server: str, database: str) -> str:
    """The server's URL with another database."""
    return re.sub(r"/\w+$", f"/{database}", server)


def environment_of(folder: Path) -> dict[str, str]:
    """The variables for commands of a project whose packages are installed into `folder`."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    path = os.pathsep.join([str(Path(os.environ["UV"]).parent), env["PATH"]])
    return env | {"PATH": path, "UV_PROJECT_ENVIRONMENT": str(folder), "NO_COLOR": "1"}
