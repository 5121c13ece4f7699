"""Fault injection for jobs: killed relays and workers, and a broker or a database that is down."""

import json
import re
import shutil
from pathlib import Path

from tests.generated.probes.brokers import RABBITMQ
from tests.generated.project import GeneratedProject
from tests.generated.results import Findings
from tests.generated.serving import PROBES
from tests.support.commands import run_command

NO_BROKER = "Redis or RabbitMQ is not installed: apt-get install redis-server rabbitmq-server"
JOB_BROKERS = {
    ("taskiq", "aiosqlite"): "redis",
    ("taskiq", "asyncpg"): "rabbitmq",
    ("taskiq", "asyncmy"): "redis",
    ("celery", "aiosqlite"): "redis",
    ("celery", "psycopg"): "rabbitmq",
    ("apscheduler", "aiosqlite"): "none",
    ("apscheduler", "psycopg"): "none",
    ("apscheduler", "asyncmy"): "none",
}
"""The broker of each engine and driver."""

WORKER = re.compile(r"^worker:\n.*(?:; | }} )(.+?)'?$", re.MULTILINE)
"""The command of a worker, in the recipe `just worker`."""


def inject_job_faults(project: GeneratedProject) -> None:
    """Injects each fault, and reports by its name what is wrong afterwards."""
    broker = JOB_BROKERS[project.combination.jobs, project.combination.db_driver]
    installed = shutil.which("redis-server") and Path(RABBITMQ).exists()
    if broker != "none" and not installed:
        return
    shutil.copytree(PROBES / "job_tasks", project.path / "app" / "probe")
    env = project.env | {"PYTHONPATH": ".", "ENV_FILE": ""}
    found = WORKER.search((project.path / "justfile").read_text())
    assert found is not None
    no_schedules = ["--no-schedules"] if broker == "none" else []  # jobs of the night
    worker = json.dumps([*found[1].split(), *no_schedules])
    probe = str(PROBES / "inject_job_faults.py")
    results = project.path / "job_faults.json"
    command = ["uv", "run", "python", probe, str(results), broker, worker]
    try:
        run_command(project.path, env, *command)
    finally:
        shutil.rmtree(project.path / "app" / "probe")
    findings: Findings = json.loads(results.read_text())
    project.run.findings["job faults"] = findings
