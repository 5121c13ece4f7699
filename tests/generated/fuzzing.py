"""Fuzzing of a running service by schemathesis, and its latency while users sign in."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.generated.project import GeneratedProject
from tests.generated.serving import run_probe_service
from tests.support.combinations import DEEPLY_FUZZED
from tests.support.commands import PASSWORD, run_command

HERE = Path(__file__).parent
LOGINS = 20
ROUNDS = 3


def serve(project: GeneratedProject, purpose: str) -> AbstractContextManager[dict[str, Any]]:
    """Serves the project without rate limits. Yields its `address`, and the `token` of a superuser."""
    log = project.path / "serve_fuzzing.log"
    env = project.env | {"PROBE_PASSWORD": PASSWORD}
    return run_probe_service(project.path, env, "serve_fuzzing.py", purpose, log=log)


def fuzz(project: GeneratedProject) -> None:
    """Raises CommandFailed if an answer contradicts the OpenAPI document, or HTTP.

    Schemathesis sends the examples and the edge cases of the schema. The combinations in
    DEEPLY_FUZZED also receive random input and sequences of requests.
    """
    with serve(project, "fuzzing") as service:
        command = [sys.executable, "-m", "schemathesis.cli"]
        command += ["--config-file", str(HERE / "schemathesis.toml")]
        command += ["run", f"{service['address']}/openapi.json"]
        if project.combination in DEEPLY_FUZZED:
            command += ["--max-examples", "20"]
        else:
            command += ["--phases", "examples,coverage"]
        if service["token"]:
            command += ["--header", f"Authorization: Bearer {service['token']}"]
        hooks = {"SCHEMATHESIS_HOOKS": str(HERE / "schemathesis_hooks.py")}
        run_command(project.path, project.env | hooks, *command)


def measure_latency_beside_logins(project: GeneratedProject) -> None:
    """Takes the best of some rounds, because other projects are checked at the same time."""
    with serve(project, "logins") as service:
        rounds = [highest_latency_beside_logins(service["address"]) for _ in range(ROUNDS)]
    project.run.latency_beside_logins = min(rounds)


def highest_latency_beside_logins(address: str) -> int:
    """Returns how many milliseconds another route takes at most while twenty users sign in."""

    def sign_in(number: int) -> None:
        form = urlencode({"username": f"user{number}@example.com", "password": PASSWORD})
        urlopen(f"{address}/auth/jwt/login", form.encode()).close()

    times: list[float] = []
    with ThreadPoolExecutor(LOGINS) as pool:
        logins = [pool.submit(sign_in, number) for number in range(LOGINS)]
        while not all(login.done() for login in logins):
            start = time.monotonic()
            urlopen(f"{address}/health/live").close()
            times.append(time.monotonic() - start)
            time.sleep(0.005)
        for login in logins:
            login.result()
    return round(max(times) * 1000)
