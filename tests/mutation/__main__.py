"""Changes one thing at a time in generated services, and runs their own tests: do they notice?

A change that no test notices is printed as a diff. `tests/mutation/survivors.md` lists those that
are known, with the reason. The exit code is 1 if more than one in ten survives, or if one of them
is not listed.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from queue import SimpleQueue

from tests.mutation.mutants import Mutant, find_mutants
from tests.support.combinations import COMBINATIONS, Combination
from tests.support.commands import run_command
from tests.support.databases import DatabaseServers, environment_variables
from tests.support.rendering import render_project
from tests.support.template import copy_template

SURVIVORS = Path(__file__).with_name("survivors.md")
CHANGED = ("app/**/*.py", "migrations/*.py")  # not the revisions, which belong to a project
PROCESSES = 2
DEFAULTS = ["aiosqlite-di-uuid", "asyncpg-scoped-int-users"]


@dataclass
class Project:
    """A rendered project that is installed, with the variables of its commands."""

    path: Path
    env: dict[str, str]
    timeout: float | None = None  # seconds

    @property
    def pytest(self) -> list[str]:
        return [self.env["UV_PROJECT_ENVIRONMENT"] + "/bin/python", "-m", "pytest", "-x", "-q"]

    def find_mutants(self) -> list[Mutant]:
        files = sorted(file for pattern in CHANGED for file in self.path.glob(pattern))
        return [
            mutant
            for file in files
            for mutant in find_mutants(str(file.relative_to(self.path)), file.read_bytes())
        ]

    def survives(self, mutant: Mutant) -> bool:
        """Whether the tests pass with this change. They notice it if they fail, or do not end."""
        file = self.path / mutant.path
        source = file.read_bytes()
        file.write_bytes(mutant.apply(source))
        try:
            return self.pass_tests(self.order_tests(mutant.path))
        finally:
            file.write_bytes(source)

    def order_tests(self, path: str) -> list[str]:
        """Returns all test files, beginning with those that name or import the changed file."""
        file = Path(path)
        module = path.removesuffix(".py").replace("/", ".")

        def distance(test: Path) -> int:
            return (file.stem not in test.stem) + (module not in test.read_text())

        tests = sorted(self.path.glob("tests/**/test_*.py"), key=distance)
        return [str(test.relative_to(self.path)) for test in tests]

    def pass_tests(self, tests: list[str]) -> bool:
        suite = subprocess.Popen(
            [*self.pytest, *tests],
            cwd=self.path,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return suite.wait(self.timeout) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            with suppress(ProcessLookupError):
                os.killpg(suite.pid, signal.SIGKILL)  # also the servers that a test has started
            suite.wait()


def make_project(folder: Path, combination: Combination, servers: DatabaseServers) -> Project:
    """Renders and installs a project, and checks that its tests pass without a change."""
    path = render_project(servers.folder / "template", folder / "project", **combination.answers)
    env = environment_variables(folder / "env") | {"PYTHONHASHSEED": "0"}
    run_command(path, env, "uv", "sync", "--quiet", "--compile-bytecode")
    project = Project(path, env | servers.create_database(combination, folder.name, path))
    start = time.monotonic()
    run_command(path, project.env, *project.pytest)
    project.timeout = 4 * (time.monotonic() - start)
    # A test that depends on the order would seem to notice every change.
    run_command(path, project.env, *project.pytest, *reversed(project.order_tests("")))
    # Bytecode of a changed file could be mistaken for that of the next change.
    project.env["PYTHONDONTWRITEBYTECODE"] = "1"
    return project


def find_survivors(
    combination: Combination, files: str, number: int, seed: int, servers: DatabaseServers
) -> tuple[int, list[str]]:
    """Tries a sample of the changes of a combination. Prints those that survive.

    Returns the size of the sample, and the changes that survive.
    """
    free = SimpleQueue[Project]()
    for n in range(PROCESSES):
        free.put(make_project(servers.folder / f"{combination}-{n}", combination, servers))
    mutants = (project := free.get()).find_mutants()
    mutants = [mutant for mutant in mutants if fnmatch(mutant.path, files)]
    free.put(project)
    sample = sorted(random.Random(seed).sample(mutants, min(number, len(mutants))))
    print(f"{combination}: {len(sample)} of {len(mutants)} changes", flush=True)

    def survives(mutant: Mutant) -> str | None:
        project = free.get()
        try:
            if not project.survives(mutant):
                return None
            source = (project.path / mutant.path).read_bytes()
            print(f"\n{mutant.diff(source)}", flush=True)
            return mutant.describe(source)
        finally:
            free.put(project)

    with ThreadPoolExecutor(PROCESSES) as pool:
        return len(sample), [found for found in pool.map(survives, sample) if found]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/mutate", description=__doc__)
    parser.add_argument("combinations", nargs="*", default=DEFAULTS, help=", ".join(DEFAULTS))
    parser.add_argument("--seed", type=int, default=16, help="of the sample; default: 16")
    parser.add_argument("--sample", type=int, default=100, help="changes in all; default: 100")
    parser.add_argument("--files", default="*", help='only changes of these, as in "migrations/*"')
    arguments = parser.parse_args()
    by_name = {str(combination): combination for combination in COMBINATIONS}
    if unknown := set(arguments.combinations) - by_name.keys():
        parser.error(f"unknown combination: {', '.join(unknown)}")
    number = arguments.sample // len(arguments.combinations)
    with (
        tempfile.TemporaryDirectory(prefix="mutants-") as folder,
        closing(DatabaseServers(Path(folder))) as servers,
    ):
        (servers.folder / "template").mkdir()
        copy_template(servers.folder / "template")
        results = [
            find_survivors(by_name[name], arguments.files, number, arguments.seed, servers)
            for name in arguments.combinations
        ]
    total = sum(size for size, _ in results)
    survivors = [each for _, found in results for each in found]
    listed = set(SURVIVORS.read_text().splitlines())
    unlisted = [
        each
        for each in survivors
        if listed.isdisjoint({f"- {each}", f"- {each.partition(':')[0]}: every change"})
    ]
    print(f"\n{len(survivors)} of {total} survived.")
    if unlisted:
        print("Not in tests/mutation/survivors.md:", *unlisted, sep="\n- ")
    sys.exit(1 if unlisted or len(survivors) * 10 > total else 0)


main()
