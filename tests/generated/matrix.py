"""Runs generated projects: installed by uv, migrated, checked, on servers that the run shares."""

import json
import os
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from tests.cells import FUZZED, IMAGED, LOADED, PROBED, USED, Cell
from tests.databases import NoServer, Servers, at, environment_of
from tests.faults import PROBES, Faults, find_faults, migrate_at_once
from tests.fuzz import fuzz, time_logins
from tests.hostile import find_hostile
from tests.image import serve
from tests.load import Load, put_under_load
from tests.recipes import use_recipes
from tests.steps import StepFailed, passed, spent, step
from tests.walks import Walk, quarrel, walk

WORKERS = (os.cpu_count() or 1) + 1  # one more, since each waits now and then
ORDERS = PROBES / "orders.py"


@dataclass
class Run:
    """What came of a cell's project, or of a walk."""

    of: Cell | Walk
    seconds: float = 0
    tests: int = 0
    faults: Faults = field(default_factory=dict, repr=False)
    round_trips: dict[str, int] = field(default_factory=dict)
    image: dict[str, Any] = field(default_factory=dict, repr=False)
    load: Load | None = None
    beside_logins: int | None = None  # milliseconds
    failure: str = ""
    missing: str = ""

    @property
    def verdict(self) -> str:
        return "NOT RUN" if self.missing else "FAILED" if self.failure else "passed"


Work = Callable[[Run, dict[str, str]], None]


class Matrix:
    """Cells with equal dependencies follow each other in an environment, and others come after.

    There is one environment for each worker: what stays installed has its bytecode and mypy's
    cache already, and what a project does not ask for is removed before its turn.
    """

    def __init__(
        self,
        folder: Path,
        projects: Iterable[tuple[Cell, Path]],
        walks: Iterable[Walk],
        releases: Path,
    ) -> None:
        self.folder, self.walks, self.releases = folder, list(walks), releases
        self.servers = Servers(folder)
        self.pool = ThreadPoolExecutor(max_workers=WORKERS)
        self.environments: SimpleQueue[Path] = SimpleQueue()
        for number in range(WORKERS):
            self.environments.put(folder / f"env-{number}")
        self.runs: dict[Cell | Walk, Future[Run]] = {}
        keyed = sorted(projects, key=lambda project: dependencies(project[1]))
        self.groups = [
            list(group) for _, group in groupby(keyed, key=lambda project: dependencies(project[1]))
        ]
        # The longest first, so that no worker is left with one when the others are done.
        self.groups.sort(key=lambda group: sum(work_of(cell) for cell, _ in group), reverse=True)

    def __enter__(self) -> Self:
        for planned in self.walks:  # first, since they are the longest
            self.runs[planned] = Future()
            self.pool.submit(self._run_group, [(planned, partial(self._walk, planned))])
        for group in self.groups:
            for cell, _ in group:
                self.runs[cell] = Future()
            self.pool.submit(
                self._run_group, [(cell, partial(self._check, path)) for cell, path in group]
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.pool.shutdown(cancel_futures=True)
        self.servers.close()

    def result(self, of: Cell | Walk) -> Run:
        return self.runs[of].result()

    def table(self) -> str:
        lines = [
            "| cell | result | tests | seconds | beside 20 logins, ms |",
            "|---|---|--:|--:|--:|",
        ]
        done = [run.result() for run in self.runs.values() if run.done() and not run.exception()]
        for run in sorted(done, key=lambda run: str(run.of)):
            result = f"{run.verdict}: {run.missing}" if run.missing else run.verdict
            slowest = "" if run.beside_logins is None else run.beside_logins
            lines.append(f"| {run.of} | {result} | {run.tests} | {run.seconds:.0f} | {slowest} |")
        return "\n".join(lines)

    def spent_table(self) -> str:
        """What the run consists of: seconds of waiting for each kind of command, beside others."""
        lines = ["| command | seconds |", "|---|--:|"]
        most = sorted(spent.items(), key=lambda item: -item[1])[:12]
        lines += [f"| {name} | {seconds:.0f} |" for name, seconds in most]
        return "\n".join(lines)

    def fault_table(self) -> str:
        """What held under which fault, by driver and session style."""
        done = [run.result() for run in self.runs.values() if run.done() and not run.exception()]
        probed = sorted((run for run in done if run.faults), key=lambda run: str(run.of))
        names = list(dict.fromkeys(name for run in probed for name in run.faults))
        lines = [f"| fault | {' | '.join(str(run.of) for run in probed)} |"]
        lines += ["|---" * (len(probed) + 1) + "|"]
        for name in names:
            rows = [run.faults.get(name) for run in probed]
            cells = ["" if row is None else "; ".join(row) or "held" for row in rows]
            lines.append(f"| {name} | {' | '.join(cells)} |")
        return "\n".join(lines) if probed else ""

    def load_table(self) -> str:
        """64 clients for 20 seconds, a tenth of the requests writes; beside all else that runs."""
        lines = [
            "| load | requests/s | p50, ms | p99, ms | MB, warm | MB, after |",
            "|---|--:|--:|--:|--:|--:|",
        ]
        done = [run.result() for run in self.runs.values() if run.done() and not run.exception()]
        for run in done:
            if (load := run.load) is not None:
                numbers = [
                    load.requests / load.seconds,
                    load.p50,
                    load.p99,
                    load.before,
                    load.after,
                ]
                lines.append(f"| {run.of} | {' | '.join(f'{n:.0f}' for n in numbers)} |")
        return "\n".join(lines) if len(lines) > 2 else ""

    def _run_group(self, group: list[tuple[Cell | Walk, Work]]) -> None:
        environment = self.environments.get()
        for of, work in group:
            try:
                self.runs[of].set_result(self._run(of, work, environment))
            except Exception as error:  # noqa: BLE001  its test raises it
                self.runs[of].set_exception(error)
        self.environments.put(environment)

    def _run(self, of: Cell | Walk, work: Work, environment: Path) -> Run:
        run, start = Run(of), time.monotonic()
        try:
            work(run, environment_of(environment))
        except NoServer as error:
            run.missing = str(error)
        except StepFailed as error:
            run.failure = str(error)
        run.seconds = time.monotonic() - start
        return run

    def _walk(self, planned: Walk, run: Run, env: dict[str, str]) -> None:
        project = self.folder / str(planned)
        run.tests = walk(planned, self.releases, project, env, self.servers.database)
        if planned.start.family == "sqlite":
            quarrel(project, env)

    def _check(self, project: Path, run: Run, env: dict[str, str]) -> None:
        cell = run.of
        assert isinstance(cell, Cell)
        step(project, env, "uv", "sync", "--quiet")
        if cell.family != "sqlite":
            env |= self.servers.database(cell, str(cell), project)
        if cell in PROBED and cell.session_style == "di":  # it has no part in migrations
            migrate_at_once(project, env)
        else:
            step(project, env, "uv", "run", "alembic", "upgrade", "head")
        run.tests = passed(step(project, env, "uv", "run", "just", "check"))
        if cell in PROBED:
            run.round_trips = count_round_trips(project, env)
            run.faults = find_faults(project, env, users=cell.auth) | find_hostile(project, env)
            grow(project, env)
            if cell.family != "sqlite":
                refuse(project, env)
        fuzz(project, env, deep=cell in FUZZED)
        if cell in FUZZED:
            run.beside_logins = time_logins(project, env)
        if cell in LOADED:
            run.load = put_under_load(project, env, users=cell.auth)
        if cell in IMAGED:
            fresh = self.servers.database(cell, f"{cell}-image", project)
            run.image = serve(project, env, fresh["DATABASE_URL"])
        environment = env["UV_PROJECT_ENVIRONMENT"]
        mypy = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={environment}/mypy"]
        mypy += [f"--python-executable={environment}/bin/python"]
        step(project, env, *mypy, "app", "migrations", "tests")
        if cell in USED:
            use_recipes(project, env, users=cell.auth)


def work_of(cell: Cell) -> int:
    """How much there is to do for it, roughly, in what a plain one takes."""
    return 1 + cell.auth + 2 * sum(cell in more for more in (PROBED, FUZZED, IMAGED, LOADED, USED))


def count_round_trips(project: Path, env: dict[str, str]) -> dict[str, int]:
    """How often each route waits for its database."""
    python = ["uv", "run", "python", str(PROBES / "round_trips.py")]
    step(project, env | {"PYTHONPATH": "."}, *python, "round_trips.json")
    found: dict[str, int] = json.loads((project / "round_trips.json").read_text())
    return found


def grow(project: Path, env: dict[str, str]) -> None:
    """Add a domain as the README says, and migrate to it, back, and to it again."""
    step(project, env, "uv", "run", "alembic", "check")
    (project / "app" / "orders").mkdir()
    shutil.copy(ORDERS, project / "app" / "orders" / "models.py")
    step(project, env, "uv", "run", "just", "revision", "orders")
    for command in (["upgrade", "head"], ["check"], ["downgrade", "-1"], ["upgrade", "head"]):
        step(project, env, "uv", "run", "alembic", *command)
    step(project, env, "uv", "run", "ruff", "check", "migrations")
    step(project, env, "uv", "run", "ruff", "format", "--check", "migrations")


def refuse(project: Path, env: dict[str, str]) -> None:
    """Its tests delete rows: they must not run on a database that is not named for tests."""
    url = at(env["TEST_DATABASE_URL"], "production")
    try:
        step(project, env | {"TEST_DATABASE_URL": url}, "uv", "run", "pytest")
    except StepFailed as refusal:
        if "TEST_DATABASE_URL must name a database with `test`" in str(refusal):
            return
        raise
    raise StepFailed("The tests ran on a database that is not named for tests")


def dependencies(project: Path) -> list[str]:
    """The same for projects that need the same."""
    data = tomllib.loads((project / "pyproject.toml").read_text())
    wanted: list[str] = data["project"]["dependencies"] + data["dependency-groups"]["dev"]
    return sorted(wanted)
