"""A generated project under load: 64 clients for 20 seconds, a tenth of their requests writes."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.faults import JSON, serving, sign_up
from tests.steps import SECRET_KEY

SCRIPT = Path(__file__).parent / "probes" / "load.lua"
ERRORS = ["not connected", "not read", "not written", "timed out", "refused"]
NO_WRK = "The load comes from wrk: apt-get install wrk      (brew install wrk)"


@dataclass
class Load:
    """Milliseconds, and MB before and after, once the service was warm."""

    requests: int
    seconds: float
    p50: float
    p99: float
    before: float
    after: float
    errors: dict[str, int]


def put_under_load(project: Path, env: dict[str, str], *, users: bool) -> Load | None:
    """None without wrk."""
    if (wrk := shutil.which("wrk")) is None:
        return None
    env = env | {"DATABASE_POOL_TIMEOUT": "30"}  # it is no fault to be slow
    if users:
        env = env | {"ENVIRONMENT": "production", "SECRET_KEY": SECRET_KEY}
    with serving(project, env) as (service, address):
        headers = JSON | (sign_up(address) if users else {})
        with urlopen(Request(f"{address}/items", b'{"name": "loaded"}', headers)) as created:
            item = str(json.load(created)["id"])

        def shoot(seconds: int) -> dict[str, Any]:
            clients = [wrk, "--threads=1", "--connections=64", f"--duration={seconds}s"]
            clients += ["--timeout=30s"]
            arguments = [address, "--", item, headers.get("Authorization", "")]
            done = subprocess.run(
                [*clients, f"--script={SCRIPT}", *arguments],
                check=True,
                capture_output=True,
                text=True,
            )
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found

        shoot(5)
        before = memory(service.pid)
        found = shoot(20)
        after = memory(service.pid)
    errors = {name: found.pop(name) for name in ERRORS}
    return Load(before=before, after=after, errors=errors, **found)


def memory(process: int) -> float:
    """MB that are in use."""
    ps = ["ps", "-o", "rss=", "-p", str(process)]
    return int(subprocess.run(ps, check=True, capture_output=True, text=True).stdout) / 1024
