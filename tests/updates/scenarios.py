"""Scenarios: projects whose answers change one at a time, there and back, with rows in their tables.

Each change is made as a team makes it: `just update`, then the commands that Copier's message gives.
Where a migration is missing, the project's own tests fail before these commands and pass after them.
Each project has generated domains with edits of a team. At the end it has its first files again.
"""

import json
import re
import shutil
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
from tests.support.template import ROOT
from tests.updates.projects import CUSTOMERS, ORDERS, edit_domain
from tests.updates.releases import NEW_RELEASE

SUPERUSER = {"SUPERUSER_EMAIL": "root@example.com", "SUPERUSER_PASSWORD": PASSWORD}
UPDATE = ["uv", "run", "just", "update", "--vcs-ref=:current:"]
NO_ID_MIGRATION = "no migration converts ids"
TEST_MIGRATIONS = ["uv", "run", "pytest", "tests/test_migrations.py"]
PORTABLE_MODELS = ROOT / "tests/generated/probes/portable_models.py"
TEST_MODELS = [*TEST_MIGRATIONS, "-k", "match_the_models"]

DOMAINS = [
    CUSTOMERS,
    ORDERS | {"fields": [*ORDERS["fields"], "total:decimal:10:2", "status:enum:open:paid"]},
]

# This script prints all rows. Then it adds an order and a customer. If the first argument is "items",
# it also adds an item. The second argument is the name of the new rows.
LIST_AND_ADD_ROWS = """
import asyncio, sys
from decimal import Decimal
import app.main
from app.customers.models import Customer
from app.db.session import connect
from app.orders.models import Order, OrderStatus
from app.settings import read_settings
from sqlmodel import select

async def main():
    items, name = sys.argv[1:]
    async with connect(read_settings()) as db, db.unit() as session:
        orders = select(Order.number, Order.total, Order.status, Customer.name).join(Customer)
        for order in await session.exec(orders.order_by(Order.number)):
            print("row:", *order)
        customer = Customer(name=name, email=f"{name}@example.com")
        order = Order(number=name, total=Decimal("0.10"), status=OrderStatus.OPEN)
        order.customer = customer
        session.add(order)
        if items:
            from app.items.models import Item
            for found in await session.exec(select(Item.name).order_by(Item.name)):
                print("row:", found)
            session.add(Item(name=name))

asyncio.run(main())
"""

# Runs the jobs that wait, without a broker, and adds one.
RUN_AND_ADD_JOBS = """
import asyncio
from app.db.session import connect
from app.http.tasks import purge_idempotency_keys
from app.jobs.due import run_due_jobs
from app.jobs.queue import Jobs
from app.settings import read_settings

async def main():
    settings = read_settings()
    async with connect(settings) as db:
        await run_due_jobs(db, settings)
        async with db.unit() as session:
            await Jobs.from_session(session).add(purge_idempotency_keys)

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
            ("jobs", "apscheduler"),
            ("jobs", "celery"),
            ("example", False),
            ("auth", False),
            ("example", True),
            ("jobs", "none"),
        ),
        answers_file=".copier-answers.service.yml",
    ),
    Scenario(
        "mysql",
        Combination("asyncmy", "scoped"),
        (
            ("auth", True),
            ("db_driver", "aiomysql"),
            ("auth", False),
            ("db_driver", "asyncmy"),
        ),
    ),
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
    combination = scenario.start
    orders, items = list[str](), list[str]()
    answers = [f"--data={name}={value}" for name, value in combination.answers.items()]
    answers.append(f"--data=domains={json.dumps(DOMAINS)}")
    copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults"]
    copier += [f"--vcs-ref={NEW_RELEASE}", f"--answers-file={scenario.answers_file}", *answers]
    run_command(releases, env, *copier, str(releases), str(project))
    git(project, "init", "--quiet")
    edit_domain(project)
    base = env | SUPERUSER
    run_command(project, base, "uv", "sync", "--quiet")
    env = base | create_database(combination, f"{scenario.name}_0", project)
    run_command(project, env, "uv", "run", "just", "migrate")
    if combination.database == "sqlite":
        add_portable_domain(project, env)
    list_and_add_rows(project, env, combination, "row1")
    tests = 0
    for number, (question, value) in enumerate(scenario.changes, 1):
        orders.append(f"row{number} 0.10 open row{number}")
        if combination.example:
            items.append(f"row{number}")
        commit(project, f"Before change {number}")
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
            orders.clear()
            items.clear()
        if "just revision" in message:
            run_failing_command(project, env, *TEST_MODELS, message="1 failed")
        for command in find_commands(message):
            run_command(project, env, "sh", "-c", command)
        run_command(project, env, "uv", "run", "alembic", "check")
        if not combination.example:
            items.clear()
        found = list_and_add_rows(project, env, combination, f"row{number + 1}")
        if found != orders + items:
            raise CommandFailed(f"After {change} the rows are {found}, not {orders + items}")
        if combination.jobs != "none":
            output = run_command(project, env, "uv", "run", "python", "-c", RUN_AND_ADD_JOBS)
            if (done := output.count("job done")) != (before.jobs != "none"):
                raise CommandFailed(f"After {change}, {done} jobs are done:\n{output}")
        tests += count_passed_tests(run_command(project, env, *TEST_MIGRATIONS))
    commit(project, "After all changes")
    first = git(project, "rev-list", "HEAD", "--grep=^Before change 1$")
    if changed := git(project, "diff", first, "--", ".", ":!migrations/versions", ":!uv.lock"):
        raise CommandFailed(f"All answers are changed back, but not all files:\n{changed}")
    return tests


def add_portable_domain(project: Path, env: dict[str, str]) -> None:
    (project / "app" / "gadgets").mkdir()
    shutil.copy(PORTABLE_MODELS, project / "app" / "gadgets" / "models.py")
    run_command(project, env, "uv", "run", "just", "fix")  # sorts the imports
    run_command(project, env, "uv", "run", "just", "revision", "gadgets")
    run_command(project, env, "uv", "run", "just", "migrate")


def change_answer(project: Path, env: dict[str, str], question: str, value: object) -> str:
    """Changes one answer by `just`, at the project's own release, and returns what is printed."""
    if (question, value) == ("example", False):
        return run_command(project, env, "uv", "run", "just", "remove-domain", "items")
    return run_command(project, env, *UPDATE, f"--data={question}={value}")


def list_and_add_rows(
    project: Path, env: dict[str, str], combination: Combination, name: str
) -> list[str]:
    """Adds an order, its customer and an item. Returns the orders and items that existed before."""
    script = ["uv", "run", "python", "-c", LIST_AND_ADD_ROWS]
    output = run_command(project, env, *script, "items" * combination.example, name)
    return re.findall(r"^row: (.+)$", output, re.MULTILINE)


def find_commands(message: str) -> list[str]:
    """Returns the commands in a message that change the project or its database.

    The command that runs all tests is not one of them. The matrix runs the same tests in a new
    project with these answers, and `test_updates.py` compares the files of both projects.
    """
    commands = re.findall(r"^  ((?:uv run|rm) .*?)$", message, re.MULTILINE)
    return [command for command in commands if command != "uv run just test"]


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
