"""The memory of a service while many users sign in at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.generated.project import GeneratedProject
from tests.generated.serving import PROBES, run_production_service
from tests.support.commands import PASSWORD, CommandFailed

SIGN_INS = 55  # fewer than the limit for one client
MEMORY = 2 * 64 + 64  # MB: two hashes at a time, and what the requests themselves need


def measure_memory_of_sign_ins(project: GeneratedProject) -> None:
    """Signs in 55 unknown users at once, on a machine with 64 CPUs."""
    env = project.env | {"PYTHONPATH": str(PROBES / "many_cpus"), "PYTHON_CPU_COUNT": "64"}
    env["DATABASE_POOL_TIMEOUT"] = "60"  # because other projects are checked at the same time
    with run_production_service(project.path, env) as (service, address):
        before = read_memory(service.pid, "VmRSS")
        with ThreadPoolExecutor(SIGN_INS) as pool:
            statuses = list(pool.map(lambda number: sign_in(address, number), range(SIGN_INS)))
        project.run.memory_of_sign_ins = read_memory(service.pid, "VmHWM") - before
    if project.run.memory_of_sign_ins > MEMORY or set(statuses) != {400}:
        raise CommandFailed(f"{project.run.memory_of_sign_ins} MB, and these statuses: {statuses}")


def sign_in(address: str, number: int) -> int:
    """Returns the status. The password of an unknown user takes as much work as another one."""
    form = urlencode({"username": f"unknown{number}@example.com", "password": PASSWORD})
    try:
        with urlopen(f"{address}/auth/jwt/login", form.encode()) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code


def read_memory(process: int, field: str) -> int:
    """Returns the memory of a process in MB: at present (VmRSS), or the most so far (VmHWM)."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(rf"^{field}:\s*(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) // 1024
