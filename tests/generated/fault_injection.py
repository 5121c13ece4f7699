"""Faults of a generated project that is really started: what does not hold, fault by fault."""

import json
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.steps import PASSWORD, SECRET_KEY, StepFailed, keeps_secrets, step

PROBES = Path(__file__).parent / "probes"
RUNNING = re.compile(r"Uvicorn running on (http://127.0.0.1:[1-9]\d*)")
CLIENTS = 8
JSON = {"Content-Type": "application/json"}
HERE = ["--host", "127.0.0.1", "--port", "0"]
# The names of all items, and how many connections others have to the database.
LEFT = """
import asyncio
from sqlalchemy import text
from app.db.engine import create_migrator
from app.settings import Settings
COUNT = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid() AND backend_type = 'client backend'",  # and no autovacuum
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE()"
    " AND id <> CONNECTION_ID()",
    "sqlite": "SELECT 0",
}
async def main():
    engine = create_migrator(Settings())
    async with engine.connect() as connection:
        names = (await connection.execute(text("SELECT name FROM items"))).scalars()
        print("names:", *names)
        count = COUNT[connection.dialect.name.replace("mariadb", "mysql")]
        print("connections:", await connection.scalar(text(count)))
    await engine.dispose()
asyncio.run(main())
"""

EXECUTE = """
import sys
from app.settings import Settings
from tests.servers import run_sql
run_sql(Settings().database_url, sys.argv[1])
"""
HALF_A_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"

def upgrade():
    op.create_table("halves", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("{then}")

def downgrade():
    op.drop_table("halves")
"""

Faults = dict[str, list[str]]


def find_faults(project: Path, env: dict[str, str], *, users: bool) -> Faults:
    """By the name of the fault; nothing is wrong where the list is empty."""
    python = ["uv", "run", "python", "-W", "error"]
    script = str(PROBES / "faults.py")
    printed = step(project, env | {"PYTHONPATH": "."}, *python, script, "faults.json")
    found: Faults = json.loads((project / "faults.json").read_text())
    for sign in ("garbage", "never awaited"):
        if sign in printed:
            found["log"] = [*found.get("log", []), f"it says {sign!r}"]
    found["SIGTERM under load"] = stop_under_load(project, env, users=users)
    found["a migration fails half-way"] = [*migration_fails(project, env)]
    return found


@contextmanager
def serving(project: Path, env: dict[str, str]) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """The process of `fastapi run`, and its address; its log, in the end, keeps its secrets."""
    output = project / "service.log"
    with output.open("w") as log:
        service = subprocess.Popen(
            [Path(env["UV_PROJECT_ENVIRONMENT"]) / "bin" / "fastapi", "run", *HERE],
            cwd=project,
            env=env | {"LOG_FORMAT": "json"},
            stdout=log,
            stderr=log,
        )
    try:
        yield service, address_of(service, output)
    finally:
        service.kill()
        service.wait()
        keeps_secrets(output.read_text())


def stop_under_load(project: Path, env: dict[str, str], *, users: bool) -> list[str]:
    """What was answered with 201 is stored, all connections are closed, and the process ends."""
    faults: list[str] = []
    if users:
        env = env | {"ENVIRONMENT": "production", "SECRET_KEY": SECRET_KEY}
    with serving(project, env) as (service, address):
        headers = JSON | (sign_up(address) if users else {})
        with ThreadPoolExecutor(CLIENTS) as pool:
            working = [pool.submit(create_until_refused, address, headers) for _ in range(CLIENTS)]
            time.sleep(1.5)
            service.send_signal(signal.SIGTERM)
            code = service.wait(30)
            created = {name for client in working for name in client.result()[0]}
            statuses = Counter(status for client in working for status in client.result()[1])
    if code not in {0, -signal.SIGTERM}:  # uvicorn ends by the signal itself
        faults.append(f"it ended with {code}")
    if not created or set(statuses) != {201}:
        faults.append(f"it answered {dict(statuses)}")
    if "Traceback" in (project / "service.log").read_text():
        faults.append("there is a traceback in its log")
    left = step(project, env, "uv", "run", "python", "-c", LEFT)
    stored = set(left.partition("names:")[2].splitlines()[0].split())
    if lost := created - stored:
        faults.append(f"{len(lost)} of {len(created)} rows are lost")
    if (connections := int(left.rpartition("connections:")[2])) != 0:
        faults.append(f"{connections} connections are left")
    return faults


def sign_up(address: str) -> dict[str, str]:
    """The header of a new user."""
    account = {"email": f"{uuid4()}@example.com", "password": PASSWORD}
    register = Request(f"{address}/auth/register", json.dumps(account).encode(), JSON)
    urlopen(register).close()
    form = urlencode({"username": account["email"], "password": PASSWORD}).encode()
    with urlopen(f"{address}/auth/jwt/login", form) as response:
        return {"Authorization": f"Bearer {json.load(response)['access_token']}"}


def migration_fails(project: Path, env: dict[str, str]) -> Iterator[str]:
    """It says where the database is, and what to do; once that is done, it can be run."""
    alembic = ["uv", "run", "alembic"]
    revision = project / "migrations" / "versions" / "9999_half.py"
    before = step(project, env, *alembic, "current").splitlines()[-1].split()[0]
    revision.write_text(HALF_A_MIGRATION.format(before=before, then="SELECT no_such_column"))
    try:
        step(project, env, *alembic, "upgrade", "head")
        yield "it does not fail"
    except StepFailed as failure:
        said = str(failure).splitlines()[-1]
    if not said.startswith(f"The database is at {before}"):
        yield f"it says {said!r}"
    if before not in step(project, env, *alembic, "current"):
        yield "it is elsewhere"
    if "by hand" in said:
        step(project, env, "uv", "run", "python", "-c", EXECUTE, "DROP TABLE halves")
    revision.write_text(HALF_A_MIGRATION.format(before=before, then="SELECT 1"))
    for command in (["upgrade", "head"], ["downgrade", "-1"]):
        step(project, env, *alembic, *command)
    revision.unlink()


def create_until_refused(address: str, headers: dict[str, str]) -> tuple[set[str], list[int]]:
    created: set[str] = set()
    statuses: list[int] = []
    while True:
        name = uuid4().hex
        body = json.dumps({"name": name}).encode()
        request = Request(f"{address}/items", body, headers)
        try:
            with urlopen(request, timeout=30) as response:
                statuses.append(response.status)
                created.add(name)
        except HTTPError as error:
            statuses.append(error.code)
        except OSError:  # it no longer listens; the outcome of this one is not known
            return created, statuses


def address_of(service: "subprocess.Popen[bytes]", output: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end and service.poll() is None:
        if found := RUNNING.search(output.read_text()):
            return found[1]
        time.sleep(0.05)
    raise StepFailed(f"It did not start:\n{output.read_text()}")


def migrate_at_once(project: Path, env: dict[str, str]) -> None:
    """Four `alembic upgrade head` on an empty database; StepFailed when one of them fails."""
    command = [f"{env['UV_PROJECT_ENVIRONMENT']}/bin/alembic", "upgrade", "head"]
    upgrades = [
        subprocess.Popen(
            command,
            cwd=project,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    printed = [upgrade.communicate()[0] for upgrade in upgrades]
    for upgrade, said in zip(upgrades, printed, strict=True):
        if upgrade.returncode != 0:
            raise StepFailed(f"Of four `alembic upgrade head` at once one failed:\n{said}")
