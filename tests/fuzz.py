"""A served project with users, before a fuzzer, and before twenty sign-ins at once."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.steps import StepFailed, step

SERVE = Path(__file__).parent / "probes" / "serve.py"
PASSWORD = "correct horse battery"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]


@contextmanager
def served(project: Path, env: dict[str, str]) -> Iterator[dict[str, str]]:
    """The `address` and the superuser's `token` of the project while it is served."""
    told, printed = project / "served.json", project / "served.log"
    with printed.open("w") as log:
        server = subprocess.Popen(
            ["uv", "run", "python", str(SERVE), str(told)],
            cwd=project,
            env=env | {"PYTHONPATH": "."},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + 60
        while not told.exists() or not told.read_text():
            if server.poll() is not None or time.monotonic() > end:
                raise StepFailed(printed.read_text())
            time.sleep(0.05)
        yield json.loads(told.read_text())
    finally:
        server.communicate()


def fuzz(project: Path, env: dict[str, str]) -> int:
    """Raise StepFailed for a 5xx or an answer that is not documented; see `slowest_beside_logins`."""
    with served(project, env) as service:
        # Beside other cells: the best of three rounds is the service's own.
        slowest = min(slowest_beside_logins(service["address"]) for _ in range(3))
        schemathesis = [sys.executable, "-m", "schemathesis.cli", "run"]
        schemathesis += [f"{service['address']}/openapi.json", "--checks", ",".join(CHECKS)]
        schemathesis += ["--phases", "coverage,fuzzing", "--max-examples", "15", "--seed", "1"]
        schemathesis += ["--header", f"Authorization: Bearer {service['token']}"]
        step(project, env, *schemathesis)
    return slowest


def slowest_beside_logins(address: str) -> int:
    """Milliseconds that the slowest answer of another route took while twenty users signed in."""

    def sign_in(number: int) -> None:
        form = urlencode({"username": f"user{number}@example.com", "password": PASSWORD})
        urlopen(f"{address}/auth/jwt/login", form.encode()).close()

    times: list[float] = []
    with ThreadPoolExecutor(20) as pool:
        logins = [pool.submit(sign_in, number) for number in range(20)]
        while not all(login.done() for login in logins):
            start = time.monotonic()
            urlopen(f"{address}/health/live").close()
            times.append(time.monotonic() - start)
            time.sleep(0.005)
        for login in logins:
            login.result()
    return round(max(times) * 1000)
