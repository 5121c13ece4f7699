"""A service as a process on a core of its own, and shots at it by wrk from the other cores."""

import http.client
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import psutil

SHOTS = Path(__file__).parent / "shots.lua"
CORES = list(range(psutil.cpu_count() or 1))
CORE = 0  # of the services; all else runs on the others
CLIENTS = 64
LIVE, ONE, PAGE, CREATE = (
    "GET /health/live",
    "GET /items/{id}",
    "GET /items?limit=20",
    "POST /items",
)
ROUTES = [LIVE, ONE, PAGE, CREATE]


@dataclass
class Shot:
    """One burst of requests to one route: microseconds of CPU a request, milliseconds of waiting."""

    cpu: float
    rate: float
    p50: float
    p99: float


@dataclass
class Server:
    """One application under uvicorn, with the settings of the image: uvloop, httptools, no access log."""

    name: str
    folder: Path
    env: dict[str, str]
    python: Path
    ids: Path
    token: str = ""
    application: str = "app.main:app"
    options: Sequence[str] = ("--no-access-log",)
    pinned: bool = True
    shots: dict[str, list[Shot]] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    megabytes: float = 0

    def start(self) -> None:
        """Wait for the first 200, and keep how long it took."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        command: list[str | Path] = [self.python, "-m", "uvicorn", self.application]
        started = time.perf_counter()
        self.log = (self.folder / f"{self.port}.log").open("w+")
        process = subprocess.Popen(
            [*command, f"--port={self.port}", *self.options],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.process = psutil.Process(process.pid)
        self.child = process
        pin(self.process, [CORE] if self.pinned else CORES)
        while not self.answers():
            if process.poll() is not None:
                self.log.seek(0)
                sys.exit(f"{self.name} did not start:\n{self.log.read()[-3000:]}")
            time.sleep(0.005)
        self.starts.append(time.perf_counter() - started)

    def answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        self.child.terminate()
        self.child.wait(30)
        self.log.close()

    def shoot(self, route: str) -> Shot:
        before = self.cpu()
        command = [wrk(), "--threads=1", f"--connections={CLIENTS}", "--duration=1s"]
        command += ["--timeout=30s", f"--script={SHOTS}", f"http://127.0.0.1:{self.port}", "--"]
        command += [route, token_hex(8), f"Bearer {self.token}" if self.token else ""]
        done = subprocess.run(
            [*command, self.ids],
            check=True,
            capture_output=True,
            text=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
        if found["errors"] or not found["requests"]:
            self.log.seek(0)
            sys.exit(
                f"{self.name}, {route}: {found['errors']} errors in {found['requests']} requests:\n"
                f"{self.log.read()[-3000:]}"
            )
        cpu = (self.cpu() - before) / found["requests"] * 1e6
        return Shot(cpu, found["requests"] / found["seconds"], found["p50"], found["p99"])

    def family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu(self) -> float:
        """Seconds that the process and its workers have used, of the system's time too."""
        times = [process.cpu_times() for process in self.family()]
        return float(sum(t.user + t.system for t in times))

    def memory(self) -> float:
        """MB in use, of the process and its workers."""
        return float(sum(process.memory_info().rss for process in self.family())) / 2**20

    def cost(self, route: str) -> float:
        return cost(self.shots[route])

    def median(self, route: str, what: str) -> float:
        return float(statistics.median(getattr(shot, what) for shot in self.shots[route]))


def cost(shots: list[Shot]) -> float:
    """CPU of a request in the better half of the shots: whatever else the machine does only adds."""
    better = sorted(shot.cpu for shot in shots)[: (len(shots) + 1) // 2]
    return statistics.mean(better)


def pin(process: psutil.Process, cores: list[int]) -> None:
    """Where the system can; elsewhere the load takes from the services."""
    if hasattr(process, "cpu_affinity"):
        process.cpu_affinity(cores)


def stand_aside() -> None:
    """Leave a core to the services: this process and all that it starts, the databases too."""
    if others := CORES[CORE + 1 :]:
        pin(psutil.Process(), others)


def wrk() -> str:
    return shutil.which("wrk") or sys.exit("The load comes from wrk: apt-get install wrk")


def compare(
    servers: list[Server], to: Server, routes: Sequence[str], *, rounds: int, lives: int = 1
) -> None:
    """All of them alive, shots of a second in turn, each round in the other direction.

    The one that the others are compared to is shot at twice a round: its noise is in every ratio.
    In each life all start anew: one process may be slower than another of the same code.
    """
    turns = [*servers, to]
    for _ in range(lives):
        for server in servers:
            server.start()
        try:
            for number in range(rounds):
                for route in routes:
                    for server in turns if number % 2 == 0 else reversed(turns):
                        server.shots.setdefault(route, []).append(server.shoot(route))
            for server in servers:
                server.megabytes = server.memory()
        finally:
            for server in servers:
                server.stop()
