"""Migrations while the service handles requests, beside other migrators, and through a pooler."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.generated.project import GeneratedProject
from tests.generated.serving import JSON_HEADERS, PROBES, run_production_service
from tests.support.commands import CommandFailed, run_command

CLIENTS = 6
NOBODY = 65534  # PgBouncer refuses to run as root
NO_PGBOUNCER = "PgBouncer is not installed: apt-get install pgbouncer"

# Less than the defaults, to save time.
TIMEOUTS = {"DATABASE_LOCK_TIMEOUT": "2", "RETRY_TIMEOUT": "3"}
MIGRATION_LOCK_TIMEOUT = "-xlock_timeout=1"
CLIENT_TIMEOUT = 12  # seconds

REVISION = """
import time

import sqlalchemy as sa
from alembic import op
from app.db.types import ExactString

revision = "{number}"
down_revision = "{before}"


def upgrade():
    time.sleep({pause})  # requests prepare statements between two changes
    {change}
"""

# Changes that the running code does not notice.
WIDER_COLUMN = (
    'op.alter_column("items", "name", type_=ExactString(300),'
    " existing_type=ExactString(200), existing_nullable=False)"
)
CHANGES = [
    WIDER_COLUMN,
    'op.create_index("ix_updated", "items", ["updated_at"])',
    'op.alter_column("items", "description", type_=sa.Text(), existing_type=ExactString(2000))',
]
NEW_COLUMN = 'op.add_column("items", sa.Column("more", sa.Integer))'
CONCURRENT_INDEX = """with op.get_context().autocommit_block():
        time.sleep(2)
        op.create_index("ix_description", "items", ["description"], postgresql_concurrently=True)"""
FAILING_INDEX = """with op.get_context().autocommit_block():
        op.create_index("ix_failing", "items", ["no_such_column"])"""

PGBOUNCER = """
[databases]
* = host={server.hostname} port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 4
"""

# The others are about the server itself, about the default of DATABASE_POOLER, or start a process
# with this default.
POOLED_TESTS = [
    *("--ignore=tests/test_engine.py", "--ignore=tests/test_url.py"),
    "--ignore=tests/test_lost_connections.py",
    "--deselect=tests/test_settings.py::test_example_has_every_setting",
    "--deselect=tests/test_server.py::test_start_and_graceful_shutdown",
]

# Runs a statement and keeps its transaction open until the input ends.
HOLD = """
import asyncio, sys
from sqlalchemy import text
from app.db.engine import create_migrator
from app.settings import read_settings

async def main():
    engine = create_migrator(read_settings())
    async with engine.connect() as connection:
        await connection.execute(text(sys.argv[1]))
        print("held", flush=True)
        sys.stdin.read()
    await engine.dispose()

asyncio.run(main())
"""

COUNT_ADVISORY_LOCKS = """
import asyncio
from sqlalchemy import text
from app.db.engine import create_migrator
from app.settings import read_settings
COUNT = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database" \\
    " WHERE locktype = 'advisory' AND datname = current_database()"

async def main():
    engine = create_migrator(read_settings())
    async with engine.connect() as connection:
        print("locks:", await connection.scalar(text(COUNT)))
    await engine.dispose()

asyncio.run(main())
"""


class Clients:
    """Clients that send requests until they are stopped."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.statuses: Counter[str] = Counter()
        self.stopped = threading.Event()

    def send(self, method: str, path: str, body: object = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.address}{path}", data, JSON_HEADERS, method=method)
        try:
            with urlopen(request, timeout=CLIENT_TIMEOUT) as response:
                self.statuses[f"{method} {response.status}"] += 1
                content: bytes = response.read()
                return content
        except HTTPError as error:
            self.statuses[f"{method} {error.code}"] += 1
        except OSError as error:
            self.statuses[f"{method} {error!r}"] += 1
        return b""

    def create(self) -> str:
        created = json.loads(self.send("POST", "/items", {"name": uuid4().hex}))
        return f"/items/{created['id']}"

    def run(self) -> None:
        path = self.create()
        while not self.stopped.is_set():
            self.send("GET", "/items?limit=20")
            self.send("GET", path)
            self.send("PATCH", path, {"description": uuid4().hex})
            self.send("POST", "/items", {"name": uuid4().hex})
            time.sleep(0.05)


class Revisions:
    """Revisions that are added to a project on a database of its own."""

    def __init__(self, project: GeneratedProject, name: str) -> None:
        self.project = project
        self.env = project.env | project.servers.create_database(
            project.combination, f"{project.combination}-{name}", project.path
        )
        self.files: list[Path] = []
        self.upgrade()
        self.before = self.alembic("current").splitlines()[-1].split()[0]

    def alembic(self, *arguments: str) -> str:
        alembic = str(self.project.environment / "bin" / "alembic")
        # A migration that waits for ever is a failure.
        return run_command(self.project.path, self.env, "timeout", "60", alembic, *arguments)

    def upgrade(self, *options: str) -> str:
        return self.alembic(*options, "upgrade", "head")

    def add(self, change: str) -> None:
        number = f"live{len(self.files)}"
        pause = 0.5 if self.project.combination.has_server else 0
        file = self.project.path / "migrations" / "versions" / f"{number}.py"
        file.write_text(
            REVISION.format(number=number, before=self.before, change=change, pause=pause)
        )
        self.files.append(file)
        self.before = number

    def remove(self) -> None:
        for file in self.files:
            file.unlink()

    @contextmanager
    def hold(self, statement: str) -> Iterator[None]:
        python = self.project.environment / "bin" / "python"
        holder = subprocess.Popen(
            [python, "-c", HOLD, statement],
            cwd=self.project.path,
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        try:
            if holder.stdout.readline().strip() != "held":
                raise CommandFailed(f"It cannot be held: {statement}")
            yield
        finally:
            holder.communicate()


def migrate_beside_requests(project: GeneratedProject) -> None:
    """Changes the schema of a running service. None of its requests may fail."""
    revisions = Revisions(project, "live")
    try:
        with (
            run_production_service(project.path, revisions.env | TIMEOUTS) as (_, address),
            ThreadPoolExecutor(CLIENTS) as pool,
        ):
            clients = Clients(address)
            running = [pool.submit(clients.run) for _ in range(CLIENTS)]
            try:
                time.sleep(2)  # now every connection has prepared statements
                findings = {"migrations": [*migrate_step_by_step(revisions)]}
            finally:
                clients.stopped.set()
            for client in running:
                client.result()
            findings["requests"] = [
                f"{count} times {status}"
                for status, count in clients.statuses.items()
                if status.split()[1] not in {"200", "201"}
            ]
            findings["locked row"] = [*wait_for_a_row(revisions, Clients(address))]
    finally:
        revisions.remove()
    project.run.findings["migrations beside requests"] = findings


def migrate_step_by_step(revisions: Revisions) -> Iterator[str]:
    combination = revisions.project.combination
    for change in CHANGES:
        revisions.add(change if combination.has_server else batch(change))
    revisions.upgrade()
    if combination.has_server:
        yield from wait_for_a_table(revisions)
    if combination.database == "postgresql":
        yield from create_index_concurrently(revisions)
    time.sleep(0.5)


def wait_for_a_table(revisions: Revisions) -> Iterator[str]:
    """A migration that waits for a long transaction gives up, before requests do."""
    revisions.add(NEW_COLUMN)
    with revisions.hold("SELECT * FROM items"):
        try:
            revisions.upgrade(MIGRATION_LOCK_TIMEOUT)
            yield "a migration does not wait for a table in use"
        except CommandFailed as failure:
            if "lock" not in str(failure).lower():
                raise
    revisions.upgrade()


def batch(change: str) -> str:
    """SQLite needs a batch operation to alter a column."""
    if "alter_column" not in change:
        return change
    body = change.replace('op.alter_column("items", ', "table.alter_column(")
    return f'with op.batch_alter_table("items") as table:\n        {body}'


def create_index_concurrently(revisions: Revisions) -> Iterator[str]:
    """A second migrator waits meanwhile, and must not disturb the first one."""
    revisions.add(CONCURRENT_INDEX)
    with ThreadPoolExecutor(2) as pool:
        migrations = [pool.submit(revisions.upgrade) for _ in range(2)]
        outputs = [migration.result() for migration in migrations]
    if sum("Waiting up to" in output for output in outputs) != 1:
        yield f"the migrators print {outputs}"
    revisions.add(FAILING_INDEX)
    try:
        revisions.upgrade()
        yield "the index can be created"
    except CommandFailed as failure:
        if "autocommit block" not in (message := str(failure).splitlines()[-1]):
            yield f"the message is {message!r}"


def wait_for_a_row(revisions: Revisions, client: Clients) -> Iterator[str]:
    """A request that waits for a locked row gets a 503 when its deadline is over."""
    if not revisions.project.combination.has_server:
        return
    path = client.create()
    with revisions.hold("SELECT * FROM items FOR UPDATE"):
        client.send("PATCH", path, {"description": "changed"})
    if client.statuses != {"POST 201": 1, "PATCH 503": 1}:
        yield f"the answers are {dict(client.statuses)}"


def migrate_through_pooler(project: GeneratedProject) -> None:
    """Migrates twice through PgBouncer in transaction mode, and runs the project's own tests.

    PgBouncer must not keep the lock of the migrations.
    """
    if (pgbouncer := shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")) is None:
        return
    revisions = Revisions(project, "pooler")
    with run_pgbouncer(pgbouncer, revisions.env["DATABASE_URL"]) as pooled:
        findings = migrate_twice(revisions, pooled)
        failed = run_tests_through_pooler(project, pooled)
    project.run.findings["connection pooler"] = {"migrations": findings, "own tests": failed}


def migrate_twice(revisions: Revisions, pooled: str) -> list[str]:
    revisions.env |= {"DATABASE_URL": pooled, "DATABASE_POOLER": "transaction"}
    try:
        revisions.add(CONCURRENT_INDEX)
        with ThreadPoolExecutor(2) as pool:
            migrations = [pool.submit(revisions.upgrade) for _ in range(2)]
        for migration in migrations:
            migration.result()
        project = revisions.project
        python = str(project.environment / "bin" / "python")
        output = run_command(project.path, revisions.env, python, "-c", COUNT_ADVISORY_LOCKS)
    finally:
        revisions.remove()
    return [] if "locks: 0" in output else [f"PgBouncer keeps the lock: {output}"]


def run_tests_through_pooler(project: GeneratedProject, pooled: str) -> list[str]:
    server, pooler = project.env["TEST_DATABASE_URL"], urlsplit(pooled)
    url = server.replace(f":{urlsplit(server).port}/", f":{pooler.port}/")
    env = project.env | {"TEST_DATABASE_URL": url, "PYTHONPATH": str(PROBES)}
    command = ["python", "-m", "pytest", "-q", "-p", "pooled_tests", *POOLED_TESTS]
    try:
        run_command(project.path, env, "uv", "run", *command)
    except CommandFailed as failure:
        return [line for line in str(failure).splitlines() if line.startswith("FAILED")] or [
            str(failure)
        ]
    return []


@contextmanager
def run_pgbouncer(pgbouncer: str, url: str) -> Iterator[str]:
    """Runs PgBouncer in transaction mode. Yields the URL of the server's database through it."""
    server, port = urlsplit(url), free_port()
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as name:
        folder = Path(name)
        (folder / "users.txt").write_text(f'"{server.username}" ""\n')
        (folder / "pgbouncer.ini").write_text(
            PGBOUNCER.format(server=server, port=port, users=folder / "users.txt")
        )
        user = NOBODY if os.geteuid() == 0 else None
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        process = subprocess.Popen(
            [pgbouncer, "--quiet", folder / "pgbouncer.ini"], cwd=folder, user=user
        )
        try:
            wait_for_port(process, port)
            yield url.replace(f":{server.port}/", f":{port}/")
        finally:
            process.terminate()
            process.wait(10)


def wait_for_port(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise CommandFailed("PgBouncer does not start") from None
            time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
