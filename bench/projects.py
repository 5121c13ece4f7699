"""Makes what is measured: services from this tree, installed side by side, migrated and filled."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.servers import Server
from tests.cells import Cell
from tests.databases import Servers, environment_of
from tests.releases import commit, copy_tree, git
from tests.steps import SECRET_KEY, passed, step

HERE = Path(__file__).parent
SYNC = ["uv", "sync", "--quiet", "--inexact", "--compile-bytecode"]
ROWS = 10_000
FLOORS = {
    "raw ASGI, asyncpg": "raw",
    "FastAPI, asyncpg": "plain",
    "SQLModel, the usual way": "usual",
}
BASE = "FastAPI, asyncpg"
IMPORT, CLONE, COPY = "import copier", "git clone", "copier copy"
PLAIN = "copier copy of the same project, as plain files"


class Workshop:
    """One environment for all packages, so that all services run on the same ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.databases = Servers(folder)
        self.env = environment_of(folder / "env")
        self.python = folder / "env" / "bin" / "python"
        self.template = folder / "template"
        self.template.mkdir()
        copy_tree(self.template)
        self.count = 0

    def service(self, cell: Cell, rows: int = ROWS, name: str = "") -> Server:
        """A project with these answers, migrated, with that many items."""
        self.count += 1
        project = self.folder / f"{cell}-{self.count}"
        answers = [f"--data={question}={value}" for question, value in cell.answers.items()]
        copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", *answers]
        step(self.folder, self.env, *copier, str(self.template), str(project))
        step(project, self.env, *SYNC, "--no-dev")
        env = self.env | self.databases.database(cell, project.name, project)
        env |= {"PATH": f"{self.python.parent}:{env['PATH']}", "PYTHONPATH": "."}
        if cell.auth:
            env |= {"SECRET_KEY": SECRET_KEY}
        step(project, env, "alembic", "upgrade", "head")
        printed = step(project, env, "python", str(HERE / "seed.py"), str(rows))
        token, *ids = printed.partition("token:")[2].splitlines()
        (project / "ids").write_text("\n".join(ids[:ROWS]))
        return Server(name or str(cell), project, env, self.python, project / "ids", token)

    def floors(self) -> list[Server]:
        """Each on a database of its own, which a service's migrations and items have made."""
        servers = []
        for name, module in FLOORS.items():
            made = self.service(Cell("asyncpg", "di", "int"))
            url = made.env["DATABASE_URL"].replace("postgresql+asyncpg", "postgresql")
            folder = self.folder / module
            folder.mkdir()
            shutil.copy(HERE / "floors" / f"{module}.py", folder)
            env = made.env | {"FLOOR_URL": url}
            application = f"{module}:app"
            servers.append(
                replace(made, name=name, folder=folder, env=env, application=application)
            )
        return servers

    def changed(self, server: Server, name: str, file: str, old: str, new: str) -> Server:
        """The same service on the same database, with one text replaced."""
        self.count += 1
        project = self.folder / f"changed-{self.count}"
        shutil.copytree(server.folder, project)
        text = (project / file).read_text()
        if old not in text:
            sys.exit(f"bench: {name}: {file} has no {old!r}")
        (project / file).write_text(text.replace(old, new))
        subprocess.run([self.python, "-m", "compileall", "-q", project / "app"], check=True)
        return replace(server, name=name, folder=project, shots={}, starts=[])

    def copies(self, rounds: int) -> dict[str, float]:
        """Seconds of `copier copy`, of what it cannot do without, and of it without the template's
        questions and expressions: the same project as plain files."""
        release, plain = self.folder / "release", self.folder / "plain"
        shutil.copytree(self.template, release)
        git(self.folder, "init", "--quiet", str(release))
        commit(release)
        copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", "--vcs-ref=HEAD"]
        step(self.folder, self.env, *copier, f"git+file://{release}", str(plain))
        (plain / "copier.yml").touch()
        git(self.folder, "init", "--quiet", str(plain))
        commit(plain)
        took: dict[str, list[float]] = defaultdict(list)
        for number in range(rounds + 1):
            target = str(self.folder / f"copy-{number}")
            for name, command in {
                IMPORT: [sys.executable, "-c", "import copier"],
                CLONE: ["git", "clone", "--quiet", f"file://{release}", f"{target}-clone"],
                PLAIN: [*copier, f"git+file://{plain}", f"{target}-plain"],
                COPY: [*copier, f"git+file://{release}", target],
            }.items():
                start = time.perf_counter()
                step(self.folder, self.env, *command)
                took[name].append(time.perf_counter() - start)
        return {name: statistics.median(seconds[1:]) for name, seconds in took.items()}

    def suite(self, cell: Cell) -> tuple[int, float, float]:
        """The tests of a service: how many, their seconds, and those of importing what they test."""
        made = self.service(cell)
        step(made.folder, self.env, *SYNC)
        env = made.env | self.databases.database(cell, "suite", made.folder)
        for command in (["pytest", "-q"], ["python", "-c", "import app.main"]):
            step(made.folder, env, *command)  # compiles bytecode
        start = time.perf_counter()
        step(made.folder, env, "python", "-c", "import app.main")
        imported = time.perf_counter() - start
        printed = step(made.folder, env, "pytest", "-q")
        seconds = printed.rpartition(" in ")[2].partition("s")[0]
        return passed(printed), float(seconds), imported


@contextmanager
def open_workshop() -> Iterator[Workshop]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        workshop = Workshop(Path(folder))
        try:
            yield workshop
        finally:
            workshop.databases.close()
