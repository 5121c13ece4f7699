"""Projects whose answers change one at a time, there and back, with rows in their tables.

Each step is what a team does: `just update`, then the commands that the message gives, as it
gives them. The project's own tests are red before where a migration is missing, and pass after.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cells import Cell
from tests.releases import THIS, commit, git
from tests.steps import PASSWORD, StepFailed, passed, step

SUPERUSER = {"SUPERUSER_EMAIL": "root@example.com", "SUPERUSER_PASSWORD": PASSWORD}
UPDATE = ["uv", "run", "just", "update", "--vcs-ref=:current:"]
REFUSAL = "no migration converts ids"
# Adds an item of that name, when it gets one, and prints the names that are there.
ROWS = """
import asyncio, sys
import app.main
from app.db.session import connect
from app.items.models import Item
from app.settings import Settings
from sqlmodel import select

async def main():
    async with connect(Settings()) as db, db.unit() as session:
        session.add_all(Item(name=name) for name in sys.argv[1:])
        await session.flush()
        print("rows:", *(await session.exec(select(Item.name).order_by(Item.name))).all())

asyncio.run(main())
"""


@dataclass(frozen=True)
class Walk:
    name: str
    start: Cell
    steps: tuple[tuple[str, object], ...]

    def __str__(self) -> str:
        return f"walk-{self.name}"


WALKS = [
    Walk(
        "drivers",
        Cell("aiosqlite"),
        tuple(
            ("db_driver", driver)
            for driver in ("asyncpg", "psycopg", "asyncmy", "aiomysql", "aiosqlite")
        ),
    ),
    Walk(
        "postgresql",
        Cell("asyncpg"),
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
    Walk(
        "sqlite",
        Cell("aiosqlite", id_type="int"),
        (("auth", True), ("example", False), ("auth", False), ("example", True)),
    ),
    Walk("mysql", Cell("asyncmy", "scoped"), (("auth", True), ("auth", False))),
]
# Gives the URLs of an empty database, and of a server for tests.
NewDatabase = Callable[[Cell, str, Path], dict[str, str]]


def walk(
    planned: Walk, releases: Path, project: Path, env: dict[str, str], new_database: NewDatabase
) -> int:
    """How many tests passed, over all steps; StepFailed at the first that does not hold."""
    cell, rows = planned.start, []
    answers = [f"--data={name}={value}" for name, value in cell.answers.items()]
    copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", f"--vcs-ref={THIS}"]
    step(releases, env, *copier, *answers, str(releases), str(project))
    git(project, "init", "--quiet")
    base = env | SUPERUSER
    step(project, base, "uv", "sync", "--quiet")
    env = base | new_database(cell, f"{planned.name}_0", project)
    step(project, env, "uv", "run", "just", "migrate")
    tests = 0
    for number, (question, value) in enumerate(planned.steps, 1):
        if cell.example:
            rows.append(f"row{number}")
            in_python(project, env, ROWS, rows[-1])
        commit(project, "Before a switch")
        was, change = cell, {question: value}
        cell = Cell(**cell.answers | change)
        printed = switch(project, env, question, value)
        step(project, env, "uv", "sync", "--quiet")
        refused = was.id_type != cell.id_type
        if refused:
            fails(project, env, "uv", "run", "alembic", "check", saying=REFUSAL)
        if refused or was.family != cell.family:
            env = base | new_database(cell, f"{planned.name}_{number}", project)
            rows.clear()
        if "just revision" in printed:
            fails(project, env, "uv", "run", "pytest", "tests/test_migrations.py", saying="failed")
        for command in advice(printed):
            step(project, env, "sh", "-c", command)
        step(project, env, "uv", "run", "alembic", "check")
        if not cell.example:
            rows.clear()
        elif (there := in_python(project, env, ROWS).split("rows:")[1].split()) != rows:
            raise StepFailed(f"After {change} there are {there} instead of {rows}")
        # Its other tests are those of a new project, as `test_updates.py` shows, and run in its cell.
        tests += passed(step(project, env, "uv", "run", "pytest", "tests/test_migrations.py"))
    commit(project, "At home again")
    return tests + passed(step(project, env, "uv", "run", "pytest"))


def switch(project: Path, env: dict[str, str], question: str, value: object) -> str:
    """By `just`, at the release that the project has."""
    if (question, value) == ("example", False):
        return step(project, env, "uv", "run", "just", "remove-example")
    return step(project, env, *UPDATE, f"--data={question}={value}")


def in_python(project: Path, env: dict[str, str], script: str, *arguments: str) -> str:
    return step(project, env, "uv", "run", "python", "-c", script, *arguments)


def advice(printed: str) -> list[str]:
    """The commands in a message of Copier's, but for what a harness has to know better."""
    return re.findall(r"^  ((?:uv run|rm) .*?)$", printed, re.MULTILINE)


def fails(project: Path, env: dict[str, str], *command: str, saying: str) -> None:
    try:
        step(project, env, *command)
    except StepFailed as failure:
        if saying in str(failure):
            return
        raise
    raise StepFailed(f"`{' '.join(command)}` passed before the tables were migrated")


def quarrel(project: Path, env: dict[str, Any]) -> None:
    """`just update` on work that is not committed, and on lines that both sides have changed."""
    readme = project / "README.md"
    readme.write_text(readme.read_text().replace("# My service", "# Ours", 1))
    just = [*UPDATE, "--data=project_name=Theirs"]
    fails(project, env, *just, saying="Commit or stash this first")
    commit(project, "A title of our own")
    fails(project, env, *just, saying="\nREADME.md\n")
    prek = ["uv", "run", "prek", "run", "--all-files"]
    fails(project, env, *prek, saying="README.md")
    step(project, env, "sh", "-c", "git reset --hard && git clean -fd")
    step(project, env, *prek)
    (project / "README.md.rej").write_text("a rejected hunk\n")
    git(project, "add", "--all")
    fails(project, env, *prek, saying="Apply the change by hand")
