"""Runs an application as a process on a core of its own, and puts load on it with wrk."""

import http.client
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex
from typing import Any, Self

import psutil

WRK_SCRIPT = Path(__file__).parent / "wrk.lua"
CORES = list(range(psutil.cpu_count() or 1))
SERVICE_CORE = 0  # wrk, the databases and this process use the other cores
CONNECTIONS = 64
DEFAULT_OPTIONS = ("--no-access-log",)  # as in the image; uvloop and httptools are installed

LIVE = "GET /health/live"
READ = "GET /items/{id}"
PAGE = "GET /items?limit=20"
CREATE = "POST /items"
CREATE_WITH_KEY = "POST /items with an Idempotency-Key"
ROUTES = [LIVE, READ, PAGE, CREATE]


@dataclass
class Run:
    """One run of wrk: a second of requests to one route."""

    cpu: float
    """Microseconds of the server's CPU time per request, user and system."""
    rate: float
    """Requests per second."""
    p50: float
    p99: float
    """Latencies in milliseconds."""


@dataclass
class Server:
    """One application under uvicorn, and what was measured of it."""

    name: str
    folder: Path
    env: dict[str, str]
    python: Path
    ids: Path
    """A file with the ids of existing items."""
    bearer: str = ""
    """The header that authenticates with a token, for a service with users."""
    cookie: str = ""
    """The header that authenticates with a session."""
    application: str = "app.main:app"
    options: Sequence[str] = DEFAULT_OPTIONS
    pinned: bool = True
    runs: dict[str, list[Run]] = field(default_factory=dict)
    start_times: list[float] = field(default_factory=list)
    megabytes: float = 0

    def copy(self, **changes: Any) -> Self:
        """The same server without measurements, and with these changes."""
        return replace(self, runs={}, start_times=[], megabytes=0, **changes)

    def with_cookie(self) -> Self:
        """The same server, which gets a session cookie instead of a token."""
        return self.copy(name=f"{self.name}, cookie", bearer=self.cookie)

    def start(self) -> None:
        """Start the process, and measure the time until its first response with status 200."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command: list[str | Path] = [self.python, "-m", "uvicorn", self.application]
        self.log = (self.folder / f"{self.port}.log").open("w+")
        started = time.perf_counter()
        self.child = subprocess.Popen(
            [*command, f"--port={self.port}", *self.options],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.process = psutil.Process(self.child.pid)
        set_cores(self.process, [SERVICE_CORE] if self.pinned else CORES)
        while not self._responds():
            if self.child.poll() is not None:
                sys.exit(f"{self.name} did not start:\n{self._read_log()}")
            time.sleep(0.005)
        self.start_times.append(time.perf_counter() - started)

    def _responds(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _read_log(self) -> str:
        self.log.seek(0)
        return self.log.read()[-3000:]

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(30)
        self.log.close()

    def run(self, route: str, seconds: int = 1) -> Run:
        """Run wrk against one route for a second. An error response ends the benchmark."""
        command: list[str | Path] = [find_wrk(), "--threads=1", f"--connections={CONNECTIONS}"]
        command += [f"--duration={seconds}s", "--timeout=30s", f"--script={WRK_SCRIPT}"]
        command += [f"http://127.0.0.1:{self.port}", "--", route, token_hex(8)]
        command += [self.bearer, self.ids]
        before = self._cpu_seconds()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        cpu_seconds = self._cpu_seconds() - before
        result = json.loads(done.stdout.splitlines()[-1])
        requests, errors = result["requests"], result["errors"]
        if not errors and not requests and seconds < 25:  # a busy machine may need more time
            return self.run(route, 5 * seconds)
        if errors or not requests:
            sys.exit(
                f"{self.name}, {route}: {errors} errors in {requests} requests:\n{self._read_log()}"
            )
        return Run(
            cpu=cpu_seconds / requests * 1e6,
            rate=requests / result["seconds"],
            p50=result["p50"],
            p99=result["p99"],
        )

    def warm_up(self) -> None:
        """Open the connections to the database, which can take a second on a busy machine."""
        paths = ["/items?limit=20", f"/items/{self.ids.read_text().partition(chr(10))[0]}"]
        for path in paths:
            self.measure_latency(path, self.bearer, requests=20)
        name, _, value = self.bearer.partition(": ")
        headers = {"Content-Type": "application/json"} | ({name: value} if name else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", "/items", json.dumps({"name": token_hex(8)}), headers)
        connection.getresponse().read()
        connection.close()

    def measure_latency(self, path: str, header: str, requests: int = 100) -> float:
        """The median milliseconds of requests that follow each other on one connection."""
        name, _, value = header.partition(": ")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        seconds = []
        for _ in range(requests):
            start = time.perf_counter()
            connection.request("GET", path, headers={name: value} if name else {})
            response = connection.getresponse()
            response.read()
            seconds.append(time.perf_counter() - start)
            if response.status != 200:
                sys.exit(f"{self.name}, {path}: status {response.status}\n{self._read_log()}")
        connection.close()
        return statistics.median(seconds) * 1000

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def _cpu_seconds(self) -> float:
        """Includes the workers, and the time that the kernel spends for them."""
        times = [process.cpu_times() for process in self._processes()]
        return float(sum(each.user + each.system for each in times))

    def measure_memory(self) -> None:
        """Resident memory of the process and its workers."""
        used = sum(process.memory_info().rss for process in self._processes())
        self.megabytes = used / 2**20

    def cpu(self, route: str) -> float:
        return cpu_per_request(self.runs[route])

    def median(self, route: str, what: str) -> float:
        return float(statistics.median(getattr(run, what) for run in self.runs[route]))


def cpu_per_request(runs: list[Run]) -> float:
    """The mean of the better half of the runs: what else the machine does only adds CPU time."""
    better = sorted(run.cpu for run in runs)[: (len(runs) + 1) // 2]
    return statistics.mean(better)


def set_cores(process: psutil.Process, cores: list[int]) -> None:
    """Pin a process, if the system can do that. On macOS, load and services share all cores."""
    if hasattr(process, "cpu_affinity"):
        process.cpu_affinity(cores)


def reserve_service_core() -> None:
    """Move this process to the other cores; wrk and the databases inherit that."""
    if others := CORES[SERVICE_CORE + 1 :]:
        set_cores(psutil.Process(), others)


def find_wrk() -> str:
    return shutil.which("wrk") or sys.exit("The benchmark needs wrk: apt-get install wrk")


def compare(
    servers: list[Server], reference: Server, routes: Sequence[str], *, rounds: int, starts: int = 1
) -> None:
    """Measure servers that run at the same time, each route on all of them in turn.

    Every other round goes in the opposite order. The reference, one of the servers, is measured
    twice in each round, because its noise is in every ratio. `starts` is how often all servers are
    started anew: two processes of the same code may differ in speed.
    """
    turns = [*servers, reference]
    for _ in range(starts):
        started: list[Server] = []
        try:
            for server in servers:
                server.start()
                started.append(server)
                server.warm_up()
            for number in range(rounds):
                for route in routes:
                    for server in turns if number % 2 == 0 else reversed(turns):
                        server.runs.setdefault(route, []).append(server.run(route))
            for server in servers:
                server.measure_memory()
        finally:
            for server in started:
                server.stop()
