"""Makes the projects that are measured: rendered, installed, migrated and filled with items.

This is the only module of the benchmark that imports from `tests`.
"""

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from bench.optimizations import Change
from bench.servers import Server
from tests.generated.job_faults import WORKER
from tests.generated.otlp_receiver import receive_telemetry
from tests.generated.probes.brokers import Broker
from tests.support.combinations import Combination
from tests.support.commands import SECRET_KEY, count_passed_tests, run_command
from tests.support.databases import DatabaseServers, environment_variables
from tests.support.git import commit, git
from tests.support.template import copy_template

__all__ = ["Combination", "Projects", "open_projects"]

HERE = Path(__file__).parent
ROWS = 10_000
SYNC = ["uv", "sync", "--quiet", "--compile-bytecode"]
SERVICE = ["--inexact", "--no-dev", "--extra=telemetry", "--no-install-project"]
MANAGE = ["python", "-c", "from app.cli import manage; manage()"]  # nothing is installed
COPIER = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults"]

ASGI = "ASGI + asyncpg"
FASTAPI = "FastAPI + asyncpg"
FASTAPI_USERS = "FastAPI + asyncpg + PyJWT"
SQLMODEL = "SQLModel as usually written"
USERS_USUAL = "fastapi-users as documented"
BASELINES = {
    ASGI: "asgi",
    FASTAPI: "fastapi_asyncpg",
    SQLMODEL: "sqlmodel_usual",
    FASTAPI_USERS: "fastapi_asyncpg_users",
    USERS_USUAL: "fastapi_users_usual",
}
"""The modules in `bench/baselines/`. Every ratio is relative to FASTAPI."""

COPY = "copier copy"
COPY_PLAIN = "copier copy of the same project, as plain files"
CLONE = "git clone of the template"
IMPORT = "import copier"


class View(NamedTuple):
    """The pages that a kind of user sees, by their names."""

    kind: str
    header: str
    pages: dict[str, str]


class TestTimes(NamedTuple):
    """How long the tests of a generated project take."""

    tests: int
    seconds: float
    import_seconds: float
    """What importing the application takes, which is part of every run."""


class Projects:
    """Generated projects and their databases.

    The packages of all services are in one environment, so that they run on the same versions.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.databases = DatabaseServers(folder)
        self.env = environment_variables(folder / "env")
        self.python = folder / "env" / "bin" / "python"
        self.template = folder / "template"
        self.template.mkdir()
        copy_template(self.template)
        self.count = 0

    def render(self, combination: Combination) -> Path:
        self.count += 1
        project = self.folder / f"{combination}-{self.count}"
        answers = [f"--data={name}={value}" for name, value in combination.answers.items()]
        run_command(self.folder, self.env, *COPIER, *answers, str(self.template), str(project))
        return project

    def create_database(
        self, combination: Combination, project: Path, env: dict[str, str]
    ) -> dict[str, str]:
        """Create a database. Returns the variables for commands of the project that use it."""
        binaries = Path(env["UV_PROJECT_ENVIRONMENT"]) / "bin"
        env = env | self.databases.create_database(combination, project.name, project)
        if combination.auth:
            env |= {"SECRET_KEY": SECRET_KEY}
        return env | {"PATH": f"{binaries}:{env['PATH']}"}

    def make_service(self, combination: Combination, rows: int = ROWS) -> Server:
        """Make a service on a new database with this many items."""
        project = self.render(combination)
        run_command(project, self.env, *SYNC, *SERVICE)
        env = self.create_database(combination, project, self.env)
        env |= {"PYTHONPATH": "."}  # instead of an installation, which only one project can have
        run_command(project, env, "alembic", "upgrade", "head")
        output = run_command(project, env, "python", str(HERE / "seed.py"), str(rows))
        bearer, cookie, *ids = output.splitlines()[-rows - 2 :]
        (project / "ids").write_text("\n".join(ids[:ROWS]))
        return Server(str(combination), project, env, self.python, project / "ids", bearer, cookie)

    @cached_property
    def baselines(self) -> dict[str, Server]:
        """The baselines, each on a new database that the migrations of a service have made."""
        servers = {}
        for name, module in BASELINES.items():
            users = name in {FASTAPI_USERS, USERS_USUAL}
            service = self.make_service(Combination("asyncpg", "di", "int", auth=users))
            folder = self.folder / module
            folder.mkdir()
            shutil.copy(HERE / "baselines" / f"{module}.py", folder)
            url = re.sub(r"^postgresql\+\w+", "postgresql", service.env["DATABASE_URL"])
            servers[name] = service.copy(
                name=name,
                folder=folder,
                env=service.env | {"DATABASE_URL": url},
                application=f"{module}:app",
            )
        servers[USERS_USUAL] = self._install_script(servers[USERS_USUAL], BASELINES[USERS_USUAL])
        return servers

    def _install_script(self, server: Server, module: str) -> Server:
        """Run a baseline that is a script in the environment that it asks for."""
        script = str(server.folder / f"{module}.py")
        run_command(server.folder, self.env, *SYNC, "--script", script)
        found = run_command(server.folder, self.env, "uv", "python", "find", "--script", script)
        python = found.splitlines()[-1]
        bearer, cookie = run_command(server.folder, server.env, python, script).splitlines()[-2:]
        return server.copy(python=Path(python), bearer=bearer, cookie=cookie)

    def make_service_with_owners(self, combination: Combination) -> tuple[Server, list[View]]:
        """Make a service with a million items of 200 owners. Returns the pages to measure."""
        service = self.make_service(combination, rows=0)
        env = service.env | {"DATABASE_STATEMENT_TIMEOUT": "0"}
        output = run_command(service.folder, env, "python", str(HERE / "seed_owners.py"))
        lines = [line for line in output.splitlines() if line.startswith("{")]
        return service, [View(**json.loads(line)) for line in lines]

    def time_purges(self, service: Server) -> dict[str, list[float]]:
        """The milliseconds of each batch of expired sessions: if few are expired, and many."""
        output = run_command(service.folder, service.env, "python", str(HERE / "purge_sessions.py"))
        purges = [json.loads(line) for line in output.splitlines() if line.startswith('{"exp')]
        return {purge["expired"]: purge["milliseconds"] for purge in purges}

    def measure_jobs(self, combination: Combination, count: int) -> float:
        """Returns how many jobs one worker does in a second, with Redis and a relay if needed."""
        service = self.make_service(combination, rows=1)
        found = WORKER.search((service.folder / "justfile").read_text())
        assert found is not None
        command, *arguments = found[1].split()
        commands = [[*(MANAGE if command == "manage" else [command]), *arguments]]
        with ExitStack() as stack:
            env = service.env
            if combination.jobs != "apscheduler":
                env = env | {"BROKER_URL": stack.enter_context(Broker("redis")).url}
                commands.append([*MANAGE, "jobs", "relay"])
            for each in commands:
                stack.enter_context(running(each, service.folder, env))
            script = str(HERE / "run_jobs.py")
            output = run_command(service.folder, env, "python", script, str(count))
        return float(output.splitlines()[-1])

    def make_changed(self, service: Server, change: Change) -> Server:
        """Make the same service with one change, on the same database."""
        env = {**service.env, **change.settings}
        changed = service.copy(name=change.description, options=change.options, env=env)
        if change.patch is None:
            return changed
        project = self.folder / change.name
        shutil.copytree(service.folder, project)
        apply_patch(project, change.patch)
        subprocess.run([self.python, "-m", "compileall", "-q", project / "app"], check=True)
        return changed.copy(folder=project)

    def time_copies(self, rounds: int) -> dict[str, float]:
        """Measure in seconds a copy of the template, and what it consists of.

        COPY_PLAIN is a copy without the template's questions and expressions.
        """
        release, plain = self.folder / "release", self.folder / "plain"
        shutil.copytree(self.template, release)
        git(self.folder, "init", "--quiet", str(release))
        commit(release)
        copier = [*COPIER, "--vcs-ref=HEAD"]
        run_command(self.folder, self.env, *copier, f"git+file://{release}", str(plain))
        (plain / "copier.yml").touch()
        git(self.folder, "init", "--quiet", str(plain))
        commit(plain)
        seconds: dict[str, list[float]] = defaultdict(list)
        for number in range(rounds + 1):
            target = str(self.folder / f"copy-{number}")
            for name, command in {
                IMPORT: [sys.executable, "-c", "import copier"],
                CLONE: ["git", "clone", "--quiet", f"file://{release}", f"{target}-clone"],
                COPY_PLAIN: [*copier, f"git+file://{plain}", f"{target}-plain"],
                COPY: [*copier, f"git+file://{release}", target],
            }.items():
                start = time.perf_counter()
                run_command(self.folder, self.env, *command)
                seconds[name].append(time.perf_counter() - start)
        # The first round fills the caches.
        return {name: statistics.median(each[1:]) for name, each in seconds.items()}

    def time_tests(self, combination: Combination) -> TestTimes:
        """Run the tests of a generated project, which need it installed."""
        project = self.render(combination)
        env = environment_variables(self.folder / f"env-{project.name}")
        run_command(project, env, *SYNC)
        env = self.create_database(combination, project, env)
        import_app = ["python", "-c", "import app.main"]
        run_command(project, env, "pytest", "-q", "--collect-only")  # which compiles bytecode
        start = time.perf_counter()
        run_command(project, env, *import_app)
        import_seconds = time.perf_counter() - start
        output = run_command(project, env, "pytest", "-q")
        seconds = output.rpartition(" in ")[2].partition("s")[0]
        return TestTimes(count_passed_tests(output), float(seconds), import_seconds)


def apply_patch(project: Path, patch: Path) -> None:
    """Apply a patch to a generated project, and exit with a clear message if it does not apply."""
    # git skips the files of a patch without an error if the project is in another repository.
    env = os.environ | {"GIT_CEILING_DIRECTORIES": str(project.parent)}
    done = subprocess.run(
        ["git", "apply", "--recount", "--unidiff-zero", patch],
        cwd=project,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        name = patch.relative_to(HERE.parent)
        sys.exit(
            f"{name} does not apply to a generated project, because the template has changed. "
            f"Adapt the patch:\n{done.stderr}"
        )


@contextmanager
def running(command: list[str], folder: Path, env: dict[str, str]) -> Iterator[None]:
    """Run a process until the block ends."""
    with (folder / "process.log").open("a") as log:
        # Popen looks for the command on its own PATH, and `env` on the one of the project.
        process = subprocess.Popen(["env", *command], cwd=folder, env=env, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def open_projects() -> Iterator[Projects]:
    """Projects in a temporary folder. Their database servers stop when the block ends."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, receive_telemetry() as received:
        projects = Projects(Path(folder))
        projects.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = received.address
        try:
            yield projects
        finally:
            projects.databases.close()
