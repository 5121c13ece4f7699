"""Several servers of a database, and several processes of the service: see the probes for each."""

import json
import os
import shutil
from pathlib import Path

from tests.generated.project import GeneratedProject
from tests.generated.results import Findings
from tests.generated.serving import PROBES
from tests.support.commands import run_command

WITH_PGBOUNCER = "pgbouncer and three machines"
NO_GALERA = "Galera is not installed: apt-get install galera-4 mariadb-server rsync"
PATH = f"{os.environ['PATH']}:/usr/sbin"


def use_several_machines(project: GeneratedProject) -> None:
    """Injects faults into the servers, and reports by the name of each what is wrong afterwards."""
    if project.combination.database == "mysql":
        if galera := find_galera():
            inject_faults(project, "mysql_machines.py", galera)
    else:
        pgbouncer = shutil.which("pgbouncer", path=PATH)
        inject_faults(project, "postgresql_machines.py", *([pgbouncer] if pgbouncer else []))


def find_galera() -> str | None:
    """The path of its library, if the programs that a cluster needs are there, too."""
    programs = "mariadb", "mariadbd", "rsync", "wsrep_sst_rsync"
    libraries = [*Path("/usr").glob("lib*/galera*/libgalera_smm.so")]
    complete = libraries and all(shutil.which(program, path=PATH) for program in programs)
    return str(libraries[0]) if complete else None


def inject_faults(project: GeneratedProject, script: str, *arguments: str) -> None:
    env = project.env | {"PYTHONPATH": ".", "ENV_FILE": ""}
    results = project.path / "several_machines.json"
    command = ["python", str(PROBES / script), str(results), *arguments]
    run_command(project.path, env, "uv", "run", *command)
    findings: Findings = json.loads(results.read_text())
    project.run.findings["several machines"] = findings
