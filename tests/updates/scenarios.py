"""Scenarios: projects whose answers change one at a time, there and back, with rows in their tables.

Each change is made as a team makes it: `just update`, then the commands that Copier's message gives.
Where a migration is missing, the project's own tests fail before these commands and pass after them.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.combinations import Combination
from tests.support.commands import (
    PASSWORD,
    CommandFailed,
    count_passed_tests,
    run_command,
    run_failing_command,
)
from tests.support.git import commit, git
from tests.updates.releases import NEW_RELEASE

SUPERUSER = {"SUPERUSER_EMAIL": "root@example.com", "SUPERUSER_PASSWORD": PASSWORD}
UPDATE = ["uv", "run", "just", "update", "--vcs-ref=:current:"]
NO_ID_MIGRATION = "no migration converts ids"
TEST_MIGRATIONS = ["uv", "run", "pytest", "tests/test_migrations.py"]

# Adds items with the names that are its arguments, and prints the names of all items.
ADD_AND_LIST_ITEMS = """
import asyncio, sys
import app.main
from app.db.session import connect
from app.items.models import Item
from app.settings import read_settings
from sqlmodel import select

async def main():
    async with connect(read_settings()) as db, db.unit() as session:
        session.add_all(Item(name=name) for name in sys.argv[1:])
        await session.flush()
        print("rows:", *(await session.exec(select(Item.name).order_by(Item.name))).all())

asyncio.run(main())
"""


@dataclass(frozen=True)
class Scenario:
    """A combination to start with, and a sequence of changed answers."""

    name: str
    start: Combination
    changes: tuple[tuple[str, object], ...]
    answers_file: str = ".copier-answers.yml"

    def __str__(self) -> str:
        return f"scenario-{self.name}"


SCENARIOS = [
    Scenario(
        "drivers",
        Combination("aiosqlite"),
        tuple(
            ("db_driver", driver)
            for driver in ("asyncpg", "psycopg", "asyncmy", "aiomysql", "aiosqlite")
        ),
    ),
    Scenario(
        "postgresql",
        Combination("asyncpg"),
        (
            ("session_style", "scoped"),
            ("auth", True),
            ("auth", False),
            ("id_type", "int"),
            ("example", False),
            ("example", True),
            ("session_style", "di"),
            ("id_type", "uuid"),
        ),
    ),
    Scenario(
        "sqlite",
        Combination("aiosqlite", id_type="int"),
        (
            ("auth", True),
            ("jobs", "taskiq"),
            ("jobs", "celery"),
            ("example", False),
            ("auth", False),
            ("example", True),
            ("jobs", "none"),
        ),
        answers_file=".copier-answers.service.yml",
    ),
    Scenario("mysql", Combination("asyncmy", "scoped"), (("auth", True), ("auth", False))),
]

CreateDatabase = Callable[[Combination, str, Path], dict[str, str]]
"""Returns the URLs of an empty database, and of a server for tests."""


def run_scenario(
    scenario: Scenario,
    releases: Path,
    project: Path,
    env: dict[str, str],
    create_database: CreateDatabase,
) -> int:
    """Runs all changes and returns how many tests passed. Raises CommandFailed at the first error."""
    combination, rows = scenario.start, []
    answers = [f"--data={name}={value}" for name, value in combination.answers.items()]
    copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults"]
    copier += [f"--vcs-ref={NEW_RELEASE}", f"--answers-file={scenario.answers_file}", *answers]
    run_command(releases, env, *copier, str(releases), str(project))
    git(project, "init", "--quiet")
    base = env | SUPERUSER
    run_command(project, base, "uv", "sync", "--quiet")
    env = base | create_database(combination, f"{scenario.name}_0", project)
    run_command(project, env, "uv", "run", "just", "migrate")
    tests = 0
    for number, (question, value) in enumerate(scenario.changes, 1):
        if combination.example:
            rows.append(f"row{number}")
            run_python(project, env, ADD_AND_LIST_ITEMS, rows[-1])
        commit(project, "Before a changed answer")
        before, change = combination, {question: value}
        combination = Combination(**combination.answers | change)
        message = change_answer(project, env, question, value)
        run_command(project, env, "uv", "sync", "--quiet")
        ids_changed = before.id_type != combination.id_type
        if ids_changed:
            alembic_check = ["uv", "run", "alembic", "check"]
            run_failing_command(project, env, *alembic_check, message=NO_ID_MIGRATION)
        if ids_changed or before.database != combination.database:
            env = base | create_database(combination, f"{scenario.name}_{number}", project)
            rows.clear()
        if "just revision" in message:
            run_failing_command(project, env, *TEST_MIGRATIONS, message="failed")
        for command in find_commands(message):
            run_command(project, env, "sh", "-c", command)
        run_command(project, env, "uv", "run", "alembic", "check")
        if not combination.example:
            rows.clear()
        elif (found := list_items(project, env)) != rows:
            raise CommandFailed(f"After {change} the items are {found} instead of {rows}")
        # The other tests are the same as those of a new project with these answers, as
        # `test_updates.py` checks. The matrix runs them there.
        tests += count_passed_tests(run_command(project, env, *TEST_MIGRATIONS))
    commit(project, "After all changes")
    return tests + count_passed_tests(run_command(project, env, "uv", "run", "pytest"))


def change_answer(project: Path, env: dict[str, str], question: str, value: object) -> str:
    """Changes one answer by `just`, at the project's own release, and returns what is printed."""
    if (question, value) == ("example", False):
        return run_command(project, env, "uv", "run", "just", "remove-domain", "items")
    return run_command(project, env, *UPDATE, f"--data={question}={value}")


def list_items(project: Path, env: dict[str, str]) -> list[str]:
    return run_python(project, env, ADD_AND_LIST_ITEMS).split("rows:")[1].split()


def run_python(project: Path, env: dict[str, str], script: str, *arguments: str) -> str:
    return run_command(project, env, "uv", "run", "python", "-c", script, *arguments)


def find_commands(message: str) -> list[str]:
    """Returns the commands in Copier's message, except those that set up another database."""
    return re.findall(r"^  ((?:uv run|rm) .*?)$", message, re.MULTILINE)


def check_conflicts(project: Path, env: dict[str, str]) -> None:
    """Checks that `just update` refuses uncommitted changes, and that conflicts cannot be committed."""
    readme = project / "README.md"
    readme.write_text(readme.read_text().replace("# My service", "# Ours", 1))
    update = [*UPDATE, "--data=project_name=Theirs"]
    run_failing_command(project, env, *update, message="Commit or stash your changes first")
    commit(project, "A title of our own")
    run_failing_command(project, env, *update, message="\nREADME.md\n")
    prek = ["uv", "run", "prek", "run", "--all-files"]
    run_failing_command(project, env, *prek, message="README.md")
    run_command(project, env, "sh", "-c", "git reset --hard && git clean -fd")
    run_command(project, env, *prek)
    (project / "README.md.rej").write_text("a rejected hunk\n")
    git(project, "add", "--all")
    run_failing_command(project, env, *prek, message="Apply the change by hand")
