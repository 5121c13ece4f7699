"""Databases for generated projects, on temporary servers that all projects of a run share."""

import os
import re
import subprocess
import threading
from pathlib import Path

from tests.support.combinations import Combination
from tests.support.commands import DATABASE_PASSWORD, CommandFailed, run_command

# Runs the generated project's own test server until its input ends. Each line of the input is the
# name of a database to create.
RUN_SERVER = """
import sys
from tests.database import running_server
from dev.process import run_sql
with running_server() as url:
    if url.get_backend_name() != "postgresql":  # this PostgreSQL accepts any password
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

# Variables of the environment that tests run in, which generated projects must not see. A container
# image may set PYTHONDONTWRITEBYTECODE, and then each start of Python compiles all of its imports.
REMOVED_VARIABLES = {
    "DATABASE_URL",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "TEST_DATABASE_URL",
    "UV_RUN_RECURSION_DEPTH",
    "VIRTUAL_ENV",
}


class NoDatabaseServer(Exception):
    """The database server of a combination is not installed. The message says how to install it."""


class DatabaseServers:
    """Starts one server for each kind of database, when it is first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: dict[str, subprocess.Popen[str]] = {}
        self.urls: dict[str, str] = {}
        self.lock = threading.Lock()

    def close(self) -> None:
        for server in self.servers.values():
            server.communicate()  # closes its input, which stops it

    def create_database(self, combination: Combination, name: str, project: Path) -> dict[str, str]:
        """Creates an empty database. Returns the variables for it and for the tests' server."""
        if not combination.has_server:
            return {"DATABASE_URL": f"sqlite:///{self.folder}/{name}.db"}
        name = "test_" + re.sub(r"\W", "_", name)
        with self.lock:
            url = self._server_url(combination.database, project)
            server = self.servers[combination.database]
            assert server.stdin is not None and server.stdout is not None
            print(name, file=server.stdin, flush=True)
            if server.stdout.readline().strip() != name:
                raise CommandFailed(f"{name} was not created:\n{server.communicate()[1]}")
        return {"DATABASE_URL": replace_database(url, name), "TEST_DATABASE_URL": url}

    def _server_url(self, database: str, project: Path) -> str:
        if database not in self.urls:
            # The server keeps running from this environment, so no other project may change it.
            environment = self.folder / f"env-{database}"
            env = environment_variables(environment)
            run_command(project, env, "uv", "sync", "--quiet")
            server = subprocess.Popen(
                [environment / "bin" / "python", "-c", RUN_SERVER, DATABASE_PASSWORD],
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
                error = server.communicate()[1]
                raise NoDatabaseServer(error.rpartition("Exit: ")[2].strip())
            self.servers[database] = server
            self.urls[database] = url
        return self.urls[database]


def replace_database(url: str, database: str) -> str:
    """Returns the same server's URL with another database."""
    return re.sub(r"/\w+$", f"/{database}", url)


def environment_variables(environment: Path) -> dict[str, str]:
    """Returns the variables for commands of a project that is installed in this environment."""
    env = {name: value for name, value in os.environ.items() if name not in REMOVED_VARIABLES}
    path = os.pathsep.join([str(Path(os.environ["UV"]).parent), env["PATH"]])
    return env | {"PATH": path, "UV_PROJECT_ENVIRONMENT": str(environment), "NO_COLOR": "1"}
