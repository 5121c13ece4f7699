"""A served project before schemathesis, and before twenty sign-ins at once."""

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

from tests.steps import PASSWORD, StepFailed, keeps_secrets, step

HERE = Path(__file__).parent
SERVE = HERE / "probes" / "serve.py"


@contextmanager
def served(project: Path, env: dict[str, str], whom: str) -> Iterator[dict[str, str]]:
    """The `address` of the project while it is served to `whom`, and the `token`; see SERVE."""
    told, printed = project / f"served-{whom}.json", project / "served.log"
    with printed.open("w") as log:
        server = subprocess.Popen(
            ["uv", "run", "python", str(SERVE), str(told), whom],
            cwd=project,
            env=env | {"PYTHONPATH": ".", "PROBE_PASSWORD": PASSWORD},
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
        keeps_secrets(printed.read_text())


def fuzz(project: Path, env: dict[str, str], *, deep: bool) -> None:
    """Raise StepFailed for what is not as the OpenAPI document says, or not as HTTP says.

    Deep: also by chance, and in sequences of requests.
    """
    with served(project, env, "fuzzer") as service:
        schemathesis = [sys.executable, "-m", "schemathesis.cli"]
        schemathesis += ["--config-file", str(HERE / "fuzz.toml")]
        schemathesis += ["run", f"{service['address']}/openapi.json"]
        schemathesis += ["--max-examples", "20"] if deep else ["--phases", "examples,coverage"]
        if service["token"]:
            schemathesis += ["--header", f"Authorization: Bearer {service['token']}"]
        hooks = {"SCHEMATHESIS_HOOKS": str(HERE / "fuzz_hooks.py")}
        step(project, env | hooks, *schemathesis)


def time_logins(project: Path, env: dict[str, str]) -> int:
    """See `slowest_beside_logins`; beside other cells, the best of three rounds is its own."""
    with served(project, env, "logins") as service:
        return min(slowest_beside_logins(service["address"]) for _ in range(3))


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
