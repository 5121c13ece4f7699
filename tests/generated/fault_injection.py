"""Fault injection: a running service while its database, disk, connections and clients fail."""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.generated.project import GeneratedProject
from tests.generated.results import Findings
from tests.generated.serving import JSON_HEADERS, PROBES, run_production_service, sign_up
from tests.support.commands import SECRET_KEY, CommandFailed, run_command

CLIENTS = 8
LOG_WARNINGS = ("garbage", "never awaited")
"""Python's warnings about connections and coroutines that were not closed."""

# Prints the names of all items, and how many connections other processes have to the database.
LIST_ITEMS_AND_CONNECTIONS = """
import asyncio
from sqlalchemy import text
from app.db.engine import create_migrator
from app.settings import read_settings
COUNT = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'",  # without autovacuum
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE()"
    " AND id <> CONNECTION_ID()",
    "sqlite": "SELECT 0",
}
async def main():
    engine = create_migrator(read_settings())
    async with engine.connect() as connection:
        names = (await connection.execute(text("SELECT name FROM items"))).scalars()
        print("names:", *names)
        count = COUNT[connection.dialect.name.replace("mariadb", "mysql")]
        print("connections:", await connection.scalar(text(count)))
    await engine.dispose()
asyncio.run(main())
"""

EXECUTE_SQL = """
import sys
from app.settings import read_settings
from dev.process import run_sql
run_sql(read_settings().database_url, sys.argv[1])
"""

# A revision whose first statement succeeds. The second one fails, or not.
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{down_revision}"

def upgrade():
    op.create_table("halves", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("{statement}")

def downgrade():
    op.drop_table("halves")
"""


def inject_faults(project: GeneratedProject) -> None:
    """Injects each fault, and reports by its name what is wrong afterwards."""
    command = ["uv", "run", "python", "-W", "error", str(PROBES / "inject_faults.py")]
    # No .env file: the process changes its user, and the new user cannot read the project's folder.
    env = project.env | {"PYTHONPATH": ".", "ENV_FILE": ""}
    output = run_command(project.path, env, *command, "faults.json")
    findings: Findings = json.loads((project.path / "faults.json").read_text())
    for warning in LOG_WARNINGS:
        if warning in output:
            findings["log"] = [*findings.get("log", []), f"it contains {warning!r}"]
    findings["SIGTERM under load"] = stop_under_load(project)
    findings["migration fails half-way"] = [*fail_migration(project)]
    project.run.findings["fault injection"] = findings


def stop_under_load(project: GeneratedProject) -> list[str]:
    """After SIGTERM each created item is stored, all connections are closed, and the process ends."""
    findings: list[str] = []
    env, users = project.env, project.combination.auth
    if users:
        env = env | {"ENVIRONMENT": "production", "SECRET_KEY": SECRET_KEY}
    with run_production_service(project.path, env) as (service, address):
        headers = JSON_HEADERS | (sign_up(address) if users else {})
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(create_until_stopped, address, headers) for _ in range(CLIENTS)]
            time.sleep(1.5)
            service.send_signal(signal.SIGTERM)
            exit_code = service.wait(30)
            created = {name for client in clients for name in client.result()[0]}
            statuses = Counter(status for client in clients for status in client.result()[1])
    if exit_code not in {0, -signal.SIGTERM}:  # uvicorn ends itself by the signal
        findings.append(f"the exit code is {exit_code}")
    if not created or set(statuses) != {201}:
        findings.append(f"it answered {dict(statuses)}")
    if "Traceback" in (project.path / "service.log").read_text():
        findings.append("the log has a traceback")
    output = run_command(project.path, env, "uv", "run", "python", "-c", LIST_ITEMS_AND_CONNECTIONS)
    stored = set(output.partition("names:")[2].splitlines()[0].split())
    if lost := created - stored:
        findings.append(f"{len(lost)} of {len(created)} rows are lost")
    if (connections := int(output.rpartition("connections:")[2])) != 0:
        findings.append(f"{connections} connections are still open")
    return findings


def create_until_stopped(address: str, headers: dict[str, str]) -> tuple[set[str], list[int]]:
    """Creates items until the service does not listen any more. Returns names and statuses."""
    created: set[str] = set()
    statuses: list[int] = []
    while True:
        name = uuid4().hex
        request = Request(f"{address}/items", json.dumps({"name": name}).encode(), headers)
        try:
            with urlopen(request, timeout=30) as response:
                statuses.append(response.status)
                created.add(name)
        except HTTPError as error:
            statuses.append(error.code)
        except OSError:  # the connection is refused or reset: nobody knows whether it was created
            return created, statuses


def fail_migration(project: GeneratedProject) -> Iterator[str]:
    """The error says at which revision the database is and what to do. Then a retry succeeds."""
    alembic = ["uv", "run", "alembic"]
    file = project.path / "migrations" / "versions" / "9999_half.py"
    before = project.run_command(*alembic, "current").splitlines()[-1].split()[0]
    file.write_text(REVISION.format(down_revision=before, statement="SELECT no_such_column"))
    message = ""
    try:
        project.run_command(*alembic, "upgrade", "head")
        yield "it does not fail"
    except CommandFailed as failure:
        message = str(failure).splitlines()[-1]
    if not message.startswith(f"The database is at {before}"):
        yield f"the message is {message!r}"
    if before not in project.run_command(*alembic, "current"):
        yield "the database is at another revision"
    if "by hand" in message:
        project.run_command("uv", "run", "python", "-c", EXECUTE_SQL, "DROP TABLE halves")
    file.write_text(REVISION.format(down_revision=before, statement="SELECT 1"))
    project.run_alembic("upgrade head", "downgrade -1")
    file.unlink()
