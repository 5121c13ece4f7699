"""Injects faults into the relays, the workers and the broker of a generated project, and its database.

Runs with the project's own Python, in its folder, on its own migrated database. The arguments are the
file for what is wrong after each fault, the kind of broker or "none", and the command of a worker.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.db.database import Database
from app.db.session import UnitOfWork, connect
from app.items.routes import Items
from app.items.schemas import ItemCreate
from app.jobs.due import claim
from app.jobs.models import AT_ONCE, Job
from app.jobs.queue import Jobs, JobsDep
from app.probe.tasks import break_down, effect
from app.settings import read_settings
from brokers import Broker, NoBroker
from client_faults import RESET, raw_request
from client_faults import connect as open_connection
from service import DIALECT, check_recovery, make_proxy, names, released, routes, serving
from sqlalchemy import text
from sqlmodel import col, select, update

T = TypeVar("T")
AnyBroker = Broker | NoBroker
HAS_BROKER = sys.argv[2] != "none"
WORKER = json.loads(sys.argv[3])
RELAY = ["manage", "jobs", "relay"]
RELAYS = [RELAY] if HAS_BROKER else []
WARNING = "jobs are not sent" if HAS_BROKER else "jobs are not run"
TIMEOUT = 300  # seconds; most waits are much shorter
# The proxy changes the variable. SQLite needs neither.
DIRECT = read_settings().database_url.render_as_string(hide_password=False)
PROXY = make_proxy()
THROUGH_PROXY = os.environ.get("DATABASE_URL", DIRECT)
os.environ["DATABASE_URL"] = DIRECT
# A lease of ten seconds, and few attempts.
SETTINGS = {"JOB_TIMEOUT": "5", "JOB_ATTEMPTS": "3", "LOG_FORMAT": "json"}
Findings = Iterator[str]
arrived = set[str]()  # the names of items that the service is asked to create


def in_database(work: Callable[[Database], Awaitable[T]]) -> T:
    async def run() -> T:
        async with connect(read_settings()) as db:
            return await work(db)

    return asyncio.run(run())


def add(*names: str, seconds: float = 0) -> None:
    async def work(db: Database) -> None:
        async with db.unit() as session:
            for name in names:
                await Jobs.from_session(session).add(effect, name, seconds)

    in_database(work)


def effects() -> Counter[str]:
    async def work(db: Database) -> Counter[str]:
        async with db.unit(read_only=True) as session:
            rows = await (await session.connection()).execute(text("SELECT name FROM job_effects"))
            return Counter(rows.scalars())

    return in_database(work)


def rows() -> list[Job]:
    async def work(db: Database) -> list[Job]:
        async with db.unit(read_only=True) as session:
            return list((await session.exec(select(Job))).all())

    return in_database(work)


def execute(statement: str) -> None:
    async def work(db: Database) -> None:
        async with db.unit() as session:
            await (await session.connection()).execute(text(statement))

    in_database(work)


@routes.post("/job", dependencies=[UnitOfWork])
async def add_beside_item(new: ItemCreate, items: Items, jobs: JobsDep) -> None:
    """Waits between the INSERT of an item with its job, and the COMMIT."""
    arrived.add(new.name)
    released.clear()
    await items.create(new)
    await jobs.add(effect, new.name)
    await items.session.flush()
    await released.wait()


class Process:
    """A relay or a worker, with its log."""

    started = 0

    def __init__(self, broker: AnyBroker, command: list[str], **environment: str) -> None:
        Process.started += 1
        self.log = Path(f"process-{Process.started}.log")
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                command,
                env=os.environ | SETTINGS | {"BROKER_URL": broker.url} | environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT)


@contextmanager
def processes(
    broker: AnyBroker, *commands: list[str], **environment: str
) -> Iterator[list[Process]]:
    running = [Process(broker, command, **environment) for command in commands]
    try:
        yield running
    finally:
        for process in running:
            process.kill()


def wait_for(condition: Callable[[], bool], seconds: float = TIMEOUT) -> bool:
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.2)
    return met


def expect_effects(names: list[str]) -> Findings:
    """Each job takes effect once, and none is left."""
    done = wait_for(lambda: not rows())
    if (found := effects()) != Counter(names):
        yield f"{len(names)} jobs had {found.total()} effects of {len(found)} jobs"
    if not done:
        yield f"{len(rows())} jobs are left, such as {rows()[0].model_dump()}"


def two_workers(broker: AnyBroker) -> Findings:
    names = [str(number) for number in range(1000)]
    with processes(broker, *RELAYS, *RELAYS, WORKER, WORKER, JOB_TIMEOUT="60"):
        add(*names)
        start = time.monotonic()
        yield from expect_effects(names)
        print(f"{broker.kind}: 1,000 jobs in {time.monotonic() - start:.1f} s")


def claim_is_not_committed(_: AnyBroker) -> Findings:
    """Meanwhile, others claim the other jobs. They do not wait."""
    add("held", "free")

    async def work(db: Database) -> int:
        async with db.unit() as session:
            await session.exec(select(Job).limit(1).with_for_update())
            with suppress(TimeoutError):
                async with asyncio.timeout(5):
                    return len(await claim(db, read_settings()))
        return 0

    if (claimed := in_database(work)) != 1:
        yield f"{claimed} jobs are claimed"


def relay_is_killed(broker: Broker) -> Findings:
    names = [str(number) for number in range(200)]
    with processes(broker, RELAY, WORKER) as (relay, _):
        add(*names)
        wait_for(lambda: any(job.due_at != AT_ONCE for job in rows()) or not rows())
        relay.kill()
        with processes(broker, RELAY):
            yield from expect_effects(names)


def worker_is_killed(broker: AnyBroker) -> Findings:
    with processes(broker, *RELAYS, WORKER) as (*_, worker):
        add("killed", seconds=2)
        wait_for(lambda: all(job.attempts for job in rows()))
        worker.kill()
        with processes(broker, WORKER):
            yield from expect_effects(["killed"])


def worker_gets_sigterm(broker: AnyBroker) -> Findings:
    with processes(broker, *RELAYS, WORKER) as (*relays, worker):
        add("running", seconds=2)
        wait_for(lambda: all(job.attempts for job in rows()))
        if exit_code := worker.terminate():
            yield f"the exit code of the worker is {exit_code}"
        if rows() or effects() != Counter(["running"]):
            yield "the running job is not done"
        for relay in relays:
            if exit_code := relay.terminate():
                yield f"the exit code of the relay is {exit_code}"


def broker_restarts(broker: Broker) -> Findings:
    with processes(broker, RELAY, WORKER) as (relay, _):
        add("before")
        yield from expect_effects(["before"])
        broker.stop()
        add("meanwhile")
        if not wait_for(lambda: WARNING in relay.log.read_text()):
            yield "the relay does not warn"
        broker.start()
        yield from expect_effects(["before", "meanwhile"])
        if (warnings := relay.log.read_text().count(WARNING)) > 2:
            yield f"the relay warns {warnings} times"


def database_is_away(broker: AnyBroker) -> Findings:
    if PROXY is None:
        return
    with processes(broker, *RELAYS, WORKER, DATABASE_URL=THROUGH_PROXY) as (sender, *_):
        add("before")
        yield from expect_effects(["before"])
        PROXY.stop()
        add("meanwhile")
        wait_for(lambda: WARNING in sender.log.read_text())
        PROXY.start()
        yield from expect_effects(["before", "meanwhile"])


def client_hangs_up(broker: AnyBroker) -> Findings:
    """Nothing is sent before the COMMIT. A job runs if and only if its request is committed."""
    with_worker = {"BROKER_URL": broker.url, "JOB_WORKER": "true"}
    with processes(broker, *RELAYS, WORKER), serving(**with_worker) as client:
        # The clients hang up one after the other. With users, the service reads the user before it
        # calls the route, and SQLite has one writer, so a second request would wait there.
        for name in ("closed", "reset", "cancelled", "incomplete"):
            headers = ["X-Cancel: 1"] if name == "cancelled" else []
            body = json.dumps({"name": name}).encode()
            request = raw_request(client, "POST", "/probe/job", body, *headers)
            with open_connection(client) as connection:
                if name == "incomplete":
                    connection.sendall(request[:-5])
                    continue
                connection.sendall(request)
                wait_for(partial(arrived.__contains__, name))
                if name == "reset":
                    connection.setsockopt(*RESET)
            time.sleep(2)  # the service cancels the request, and the workers read the table
            if name in effects():
                yield f"{name}: the job runs before the COMMIT"
            client.post("/probe/release")
        yield from check_recovery(client)
        if (committed := arrived & names(client)) != {"closed", "reset"}:
            yield f"committed: {committed}"
        yield from expect_effects(["closed", "reset"])


def job_always_fails(broker: AnyBroker) -> Findings:
    async def work(db: Database) -> None:
        async with db.unit() as session:
            await Jobs.from_session(session).add(break_down)

    in_database(work)
    add("other")
    with processes(broker, *RELAYS, WORKER) as (*_, worker):
        wait_for(lambda: all(job.due_at is None for job in rows()))
        listed = subprocess.check_output(["manage", "jobs", "list", "--failed"], text=True)
        if "FAILED probe.break_down 3 attempts" not in listed:
            yield f"`manage jobs list` prints {listed!r}"
        if effects() != Counter(["other"]):
            yield "the other job is not done"
        if worker.log.read_text().count('"job failed"') != 1:
            yield "the log does not say once that it failed"
        subprocess.check_call(["manage", "jobs", "retry"])
        if not wait_for(lambda: worker.log.read_text().count('"job failed"') == 2):
            yield "it is not retried"


def task_is_renamed(broker: AnyBroker) -> Findings:
    add("renamed")

    async def rename(db: Database) -> None:
        async with db.unit() as session:
            await session.exec(update(Job).where(col(Job.attempts) == 0).values(task="probe.old"))

    in_database(rename)
    with processes(broker, *RELAYS, WORKER) as (sender, *_):
        wait_for(lambda: all(job.due_at is None for job in rows()))
        if [job.error for job in rows()] != ["KeyError('probe.old')"]:
            yield f"the jobs are {[job.model_dump() for job in rows()]}"
        if "probe.old" not in sender.log.read_text():
            yield "the log does not have its name"


FAULTS: list[Callable[[AnyBroker], Findings]] = [
    two_workers,
    claim_is_not_committed,
    worker_is_killed,
    worker_gets_sigterm,
    client_hangs_up,
    database_is_away,
    job_always_fails,
    task_is_renamed,
]
FAULTS_OF_SERVERS = [claim_is_not_committed, database_is_away]  # SQLite has one writer
BROKER_FAULTS: list[Callable[[Broker], Findings]] = [relay_is_killed, broker_restarts]


def main() -> None:
    findings: dict[str, list[str]] = {}

    def inject(fault: Callable[[T], Findings], broker: T) -> None:
        execute("DELETE FROM outbox")
        execute("DELETE FROM job_effects")
        start = time.monotonic()
        findings[fault.__name__.replace("_", " ")] = list(fault(broker))
        print(f"{fault.__name__}: {time.monotonic() - start:.1f} s", flush=True)

    with Broker(sys.argv[2]) if HAS_BROKER else NoBroker() as broker:
        for fault in FAULTS:
            if DIALECT != "sqlite" or fault not in FAULTS_OF_SERVERS:
                inject(fault, broker)
        if isinstance(broker, Broker):
            for broker_fault in BROKER_FAULTS:
                inject(broker_fault, broker)
    Path(sys.argv[1]).write_text(json.dumps(findings))


if __name__ == "__main__":
    execute("CREATE TABLE job_effects (name VARCHAR(50))")
    try:
        main()
    finally:
        execute("DROP TABLE job_effects")
