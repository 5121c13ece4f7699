"""Runs the checks of all selected combinations, and the scenarios, on all cores.

Combinations with equal dependencies follow each other in one virtual environment, and others come
after them. There is one environment for each worker: what stays installed keeps its bytecode and
mypy's cache, and uv removes what the next project does not need.
"""

import os
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

import pytest

from tests.generated.checks import estimate_cost, run_checks
from tests.generated.project import GeneratedProject
from tests.generated.results import Run, make_report
from tests.support.combinations import Combination
from tests.support.commands import CommandFailed
from tests.support.databases import DatabaseServers, NoDatabaseServer, environment_variables
from tests.support.missing_tools import report_not_run
from tests.updates.scenarios import Scenario, check_conflicts, run_scenario

WORKERS = (os.cpu_count() or 1) + 1  # one more than cores, because each worker waits now and then

Work = Callable[[Run, dict[str, str]], None]


class Matrix:
    """The runs of combinations and scenarios, which are started when the matrix is entered."""

    def __init__(
        self,
        folder: Path,
        projects: Iterable[tuple[Combination, Path]],
        scenarios: Iterable[Scenario],
        releases: Path,
    ) -> None:
        self.folder, self.scenarios, self.releases = folder, list(scenarios), releases
        self.servers = DatabaseServers(folder)
        self.pool = ThreadPoolExecutor(max_workers=WORKERS)
        self.ended = False
        self.environments: SimpleQueue[Path] = SimpleQueue()
        for number in range(WORKERS):
            self.environments.put(folder / f"env-{number}")
        self.runs: dict[Combination | Scenario, Future[Run]] = {}
        by_dependencies = sorted(projects, key=lambda project: read_dependencies(project[1]))
        self.groups = [
            list(group)
            for _, group in groupby(
                by_dependencies, key=lambda project: read_dependencies(project[1])
            )
        ]
        # The longest group first, so that no worker has a long one left when the others are done.
        self.groups.sort(
            key=lambda group: sum(estimate_cost(combination) for combination, _ in group),
            reverse=True,
        )

    def __enter__(self) -> Self:
        for scenario in self.scenarios:  # first, because they take longest
            self.runs[scenario] = Future()
            self.pool.submit(self._run_group, [(scenario, partial(self._run_scenario, scenario))])
        for group in self.groups:
            for combination, _ in group:
                self.runs[combination] = Future()
            work = [
                (combination, partial(self._run_checks, combination, path))
                for combination, path in group
            ]
            self.pool.submit(self._run_group, work)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.ended = True
        self.pool.shutdown(cancel_futures=True)
        self.servers.close()

    def result(self, subject: Combination | Scenario) -> Run:
        """Waits for the run of a combination or scenario. Fails or skips the test as the run did."""
        run = self.runs[subject].result()
        if run.missing_tool:
            report_not_run(run.missing_tool)
        if run.failure:
            check = f"{run.failed_check}: " if run.failed_check else ""
            pytest.fail(check + run.failure, pytrace=False)
        return run

    def report(self) -> str:
        """Returns the tables about all runs that have ended."""
        done = [run for run in self.runs.values() if run.done() and not run.cancelled()]
        return make_report([run.result() for run in done if not run.exception()])

    def _run_group(self, group: Sequence[tuple[Combination | Scenario, Work]]) -> None:
        environment = self.environments.get()
        for subject, work in group:
            if self.ended:  # the user pressed Ctrl-C
                break
            try:
                self.runs[subject].set_result(self._run(subject, work, environment))
            except Exception as error:  # noqa: BLE001  its test raises it again
                self.runs[subject].set_exception(error)
        self.environments.put(environment)

    def _run(self, subject: Combination | Scenario, work: Work, environment: Path) -> Run:
        run, start = Run(subject), time.monotonic()
        try:
            work(run, environment_variables(environment))
        except NoDatabaseServer as error:
            run.missing_tool = str(error)
        except CommandFailed as error:
            run.failure = str(error)
        run.seconds = time.monotonic() - start
        return run

    def _run_checks(
        self, combination: Combination, path: Path, run: Run, env: dict[str, str]
    ) -> None:
        run_checks(GeneratedProject(combination, path, env, self.servers, run))

    def _run_scenario(self, scenario: Scenario, run: Run, env: dict[str, str]) -> None:
        project = self.folder / str(scenario)
        create_database = self.servers.create_database
        run.tests = run_scenario(scenario, self.releases, project, env, create_database)
        if not scenario.start.has_server:
            check_conflicts(project, env)


def read_dependencies(project: Path) -> list[str]:
    """Returns all dependencies of a project in order, so that equal ones can be grouped."""
    data = tomllib.loads((project / "pyproject.toml").read_text())
    wanted: list[str] = data["project"]["dependencies"] + data["dependency-groups"]["dev"]
    return sorted(wanted)
