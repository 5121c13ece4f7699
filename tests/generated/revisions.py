"""Revisions for models as teams write them: column types, enums, schemas, defaults, constraints."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tests.generated.project import GeneratedProject
from tests.generated.serving import PROBES
from tests.support.commands import run_command


def revise_models(project: GeneratedProject) -> None:
    """Makes revisions for models that change."""
    project.run.findings["revisions"] = run_in_copy(project, "check_revisions")


def revise_column_types(project: GeneratedProject) -> None:
    """Makes revisions for a table of each column type."""
    project.run.column_types = run_in_copy(project, "check_column_types")


def run_in_copy(project: GeneratedProject, script: str) -> Any:
    """Runs a script in a copy of the project, with a database of its own. Returns its results."""
    copy = project.path.with_name(f"{project.path.name}-{script}")
    shutil.copytree(project.path, copy, ignore=shutil.ignore_patterns(".git", "*.db*"))
    models = copy / "app" / "probes" / "models.py"
    models.parent.mkdir()
    shutil.copy(PROBES / "column_types.py", models)
    name = f"{project.combination}_{script}"
    env = project.env | project.servers.create_database(project.combination, name, copy)
    python = str(project.environment / "bin" / "python")
    path = os.pathsep.join([str(Path(python).parent), env["PATH"]])
    env |= {"PYTHONPATH": ".", "PATH": path}  # the copy's own `app`, and its ruff
    run_command(copy, env, python, str(PROBES / f"{script}.py"), "results.json")
    return json.loads((copy / "results.json").read_text())
