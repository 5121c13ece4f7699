"""The default combination on the other supported versions of Python that this machine has.

The matrix uses the version that these tests run on.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.combinations import DEFAULT
from tests.support.commands import count_passed_tests, run_command
from tests.support.databases import environment_variables
from tests.support.rendering import render_project

SUPPORTED = ("3.11.", "3.12.", "3.13.", "3.14.")


def find_pythons() -> dict[str, Path]:
    """Returns supported Pythons by their version, from the PATH and from pyenv."""
    found = [shutil.which(f"python{version.rstrip('.')}") for version in SUPPORTED]
    pythons = [Path(path) for path in found if path is not None]
    if (pyenv := shutil.which("pyenv")) is not None:
        root = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=True)
        pythons += Path(root.stdout.strip()).glob("versions/*/bin/python")
    versions: dict[str, Path] = {}
    for python in pythons:
        done = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
        version = done.stdout.removeprefix("Python ").strip()
        if version.startswith(SUPPORTED):
            versions.setdefault(version.rpartition(".")[0], python)
    return versions


PYTHONS = find_pythons()
THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.mark.slow
@pytest.mark.parametrize("version", sorted(PYTHONS.keys() - {THIS_VERSION}))
def test_python_version(version: str, template: Path, tmp_path: Path) -> None:
    project = render_project(template, tmp_path / "project", **DEFAULT.answers)
    env = environment_variables(tmp_path / "environment") | {"UV_PYTHON": str(PYTHONS[version])}
    run_command(project, env, "uv", "sync", "--quiet")
    assert run_command(project, env, "uv", "run", "python", "--version").startswith(
        f"Python {version}."
    )
    assert count_passed_tests(run_command(project, env, "uv", "run", "pytest")) > 0


def test_some_python_version_is_found() -> None:
    assert PYTHONS, os.environ["PATH"]
