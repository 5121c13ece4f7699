"""Services on several machines, which are processes here, and clients that know what was stored."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
from app.db.engine import create_migrator
from app.db.settings import DatabaseSettings
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")
Findings = Iterator[str]  # what is wrong after a fault

SCRIPT = Path(__file__).with_name("serve_machine.py")
ITEMS = "/items?limit=5"
TIMEOUT = 60  # seconds


def plain(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = TIMEOUT) -> float:
    """Returns after how many seconds the condition was met. Raises TimeoutError with `what`."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise TimeoutError(what)
        time.sleep(0.05)
    return time.monotonic() - start


def query(url: URL, statement: str) -> list[Any]:
    """The first column of the result of a statement."""

    async def run() -> list[Any]:
        engine = create_migrator(DatabaseSettings.model_construct(database_url=url))
        try:
            async with engine.connect() as connection:
                return list((await connection.exec_driver_sql(statement)).scalars())
        finally:
            await engine.dispose()

    return asyncio.run(run())


def answers(url: URL, statement: str, expected: Any) -> bool:
    try:
        return query(url, statement) == [expected]
    except DBAPIError:
        return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def migrate(**environment: str) -> None:
    subprocess.run(["alembic", "upgrade", "head"], check=True, env=os.environ | environment)


class Service:
    """A process that serves the project."""

    def __init__(self, name: str, **environment: str) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.log = Path(f"{name}.log")
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, SCRIPT, str(port)],
                env=os.environ | {"LOG_FORMAT": "json"} | environment,
                stdout=output,
                stderr=output,
            )

    def is_live(self) -> bool:
        try:
            return httpx2.get(f"{self.address}/health/live").status_code == 200
        except httpx2.HTTPError:
            return False


@contextmanager
def services(number: int, **environment: str) -> Iterator[list[Service]]:
    running = [Service(f"machine-{n}", **environment) for n in range(number)]
    with stopping(running):
        yield running


@contextmanager
def stopping(running: list[Service]) -> Iterator[None]:
    """Waits until the services answer, and ends them when the block ends."""
    try:
        for service in running:
            wait_for(service.is_live, f"{service.log} does not answer")
        yield
    finally:
        for service in running:
            service.process.kill()
            service.process.wait()


class Load:
    """Clients that create or read items, and what they got."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.created: set[str] = set()
        self.longest = 0.0  # seconds that a request took
        self.last_created = time.monotonic()
        self.stopped = threading.Event()

    @contextmanager
    def running(
        self, machines: list[Service], writers: int = 2, readers: int = 2
    ) -> Iterator["Load"]:
        """Runs this many clients for each machine until the block ends."""
        work = [self.write] * writers + [self.read] * readers
        threads = [
            threading.Thread(target=each, args=[machine.address])
            for machine in machines
            for each in work
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join()

    def write(self, address: str) -> None:
        with httpx2.Client(base_url=address, timeout=TIMEOUT) as client:
            while not self.stopped.is_set():
                name = uuid4().hex
                if self.send(client, "POST", "/items", json={"name": name}) == 201:
                    self.created.add(name)
                    self.last_created = time.monotonic()
                time.sleep(0.01)

    def read(self, address: str) -> None:
        with httpx2.Client(base_url=address, timeout=TIMEOUT) as client:
            while not self.stopped.is_set():
                self.send(client, "GET", ITEMS)
                time.sleep(0.01)

    def send(self, client: httpx2.Client, method: str, path: str, **options: Any) -> int:
        start = time.monotonic()
        try:
            response = client.request(method, path, **options)
        except httpx2.HTTPError as error:  # a 500 closes the connection
            self.statuses[f"{method} {type(error).__name__}"] += 1
            return 0
        self.longest = max(self.longest, time.monotonic() - start)
        status = response.status_code
        promised = status != 503 or "retry-after" in response.headers
        self.statuses[f"{method} {status}" + ("" if promised else " without Retry-After")] += 1
        return status

    def goes_on(self) -> Callable[[], bool]:
        """A condition: from now on, 20 more items are created."""
        target = len(self.created) + 20
        return lambda: len(self.created) >= target

    def check(self, url: URL, *expected: str, also: str | None = None) -> Findings:
        """All rows that were acknowledged are stored, and there are only these answers."""
        stored = set(query(url, "SELECT name FROM items"))
        if lost := self.created - stored:
            yield f"{len(lost)} of {len(self.created)} rows are lost"
        if set(self.statuses) - {also} != set(expected):
            yield f"it answered {dict(self.statuses)}"
        print(f"  {len(self.created)} rows, {dict(self.statuses)}, longest {self.longest:.2f} s")


def run_faults(cluster: T, faults: list[Callable[[T], Findings]]) -> dict[str, list[str]]:
    """What is wrong after each fault, by its name."""
    findings: dict[str, list[str]] = {}
    for fault in faults:
        name, start = fault.__name__.replace("_", " "), time.monotonic()
        print(f"{name}:", flush=True)
        try:
            findings[name] = list(fault(cluster))
        except TimeoutError as error:
            findings[name] = [f"not in time: {error}"]
        print(f"  {time.monotonic() - start:.1f} s: {findings[name]}", flush=True)
    return findings
