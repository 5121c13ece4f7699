"""Load tests: 64 clients for 20 seconds, a tenth of their requests are writes."""

import json
import shutil
import subprocess
from typing import Any
from urllib.request import Request, urlopen

from tests.generated.project import GeneratedProject
from tests.generated.results import Load
from tests.generated.serving import JSON_HEADERS, PROBES, run_production_service, sign_up
from tests.support.commands import SECRET_KEY

SCRIPT = PROBES / "load.lua"
ERRORS = ["not connected", "not read", "not written", "timed out", "refused"]
NO_WRK = "The load comes from wrk: apt-get install wrk      (brew install wrk)"


def put_under_load(project: GeneratedProject) -> None:
    """Measures a service under load. Without wrk there is no result."""
    if (wrk := shutil.which("wrk")) is None:
        return
    users = project.combination.auth
    # A request may wait long for a connection, because other projects are checked beside it.
    env = project.env | {"DATABASE_POOL_TIMEOUT": "30"}
    if users:
        env = env | {"ENVIRONMENT": "production", "SECRET_KEY": SECRET_KEY}
    with run_production_service(project.path, env) as (service, address):
        headers = JSON_HEADERS | (sign_up(address) if users else {})
        with urlopen(Request(f"{address}/items", b'{"name": "loaded"}', headers)) as created:
            item = str(json.load(created)["id"])

        def run_wrk(seconds: int) -> dict[str, Any]:
            options = ["--threads=1", "--connections=64", f"--duration={seconds}s", "--timeout=30s"]
            arguments = [address, "--", item, headers.get("Authorization", "")]
            done = subprocess.run(
                [wrk, *options, f"--script={SCRIPT}", *arguments],
                check=True,
                capture_output=True,
                text=True,
            )
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            return found

        run_wrk(5)  # warms up
        before = read_memory(service.pid)
        found = run_wrk(20)
        after = read_memory(service.pid)
    errors = {name: found.pop(name) for name in ERRORS}
    project.run.load = Load(memory_before=before, memory_after=after, errors=errors, **found)


def read_memory(process: int) -> float:
    """Returns the resident memory of a process in MB."""
    ps = ["ps", "-o", "rss=", "-p", str(process)]
    return int(subprocess.run(ps, check=True, capture_output=True, text=True).stdout) / 1024
