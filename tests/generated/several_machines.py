"""Several servers of a database, and several processes of the service: see the probes for each."""

import json
import os
import shutil

from tests.generated.project import GeneratedProject
from tests.generated.results import Findings
from tests.generated.serving import PROBES
from tests.support.commands import run_command

WITH_PGBOUNCER = "pgbouncer and three machines"
PATH = f"{os.environ['PATH']}:/usr/sbin"


def use_several_machines(project: GeneratedProject) -> None:
    """Injects faults into the servers, and reports by the name of each what is wrong afterwards."""
    env = project.env | {"PYTHONPATH": ".", "ENV_FILE": ""}
    results = project.path / "several_machines.json"
    pgbouncer = shutil.which("pgbouncer", path=PATH)
    arguments = [str(results)] + ([pgbouncer] if pgbouncer else [])
    script = str(PROBES / "postgresql_machines.py")
    run_command(project.path, env, "uv", "run", "python", script, *arguments)
    findings: Findings = json.loads(results.read_text())
    project.run.findings["several machines"] = findings
