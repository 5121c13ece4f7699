"""The default service on every Python of this machine that it supports."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cells import DEFAULT
from tests.conftest import run_copier
from tests.databases import environment_of
from tests.steps import passed, step

SUPPORTED = ("3.11.", "3.12.", "3.13.", "3.14.")


def installed() -> dict[str, Path]:
    """Each supported Python by its version: those on the PATH, and pyenv's."""
    found = [shutil.which(f"python{version.rstrip('.')}") for version in SUPPORTED]
    pythons = [Path(path) for path in found if path is not None]
    if (pyenv := shutil.which("pyenv")) is not None:
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True)
        pythons += Path(root.stdout.strip()).glob("versions/*/bin/python")
    versions: dict[str, Path] = {}
    for python in pythons:
        asked = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
        version = asked.stdout.removeprefix("Python ").strip()
        if version.startswith(SUPPORTED):
            versions.setdefault(version.rpartition(".")[0], python)
    return versions


PYTHONS = installed()


@pytest.mark.slow
@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_the_default_service(version: str, template: Path, tmp_path: Path) -> None:
    project = run_copier(template, tmp_path / "project", **DEFAULT.answers)
    env = environment_of(tmp_path / "environment")
    step(project, env, "uv", "sync", "--quiet", "--python", str(PYTHONS[version]))
    assert step(project, env, "uv", "run", "python", "--version").startswith(f"Python {version}.")
    assert passed(step(project, env, "uv", "run", "pytest")) > 0


def test_a_python_was_found() -> None:
    assert PYTHONS, os.environ["PATH"]
