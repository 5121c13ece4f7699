"""What a service stands on: its packages, its workflows, and its image."""

import os
import shutil
import signal
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.cells import DRIVERS, FAMILIES, IMAGED, Cell
from tests.conftest import Render
from tests.matrix import Matrix
from tests.releases import ROOT
from tests.test_generated import result

TOOLS = Path(sysconfig.get_path("scripts"))
SERVICE = "api.osv.dev"  # which `uv audit` asks


def printed(*command: str | Path) -> str:
    """By a tool that finds nothing, and says so by its exit code."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def projects(render: Render) -> list[Path]:
    """One for each kind of database, which is all that these files depend on."""
    drivers = {family: driver for driver, family in FAMILIES.items()}.values()
    return [render(Cell(driver, auth=True)) for driver in drivers]


def test_no_package_is_known_to_be_vulnerable(render: Render, tmp_path: Path) -> None:
    """The template's own, and all that a service of each driver may have, as of today."""
    audits: dict[Path, list[str]] = {ROOT: ["--locked"]}
    for driver in DRIVERS:
        audits[tmp_path / driver] = []
        (tmp_path / driver).mkdir()
        shutil.copy(render(Cell(driver, auth=True)) / "pyproject.toml", tmp_path / driver)
    found = []
    for project, options in audits.items():
        audit = [os.environ["UV"], "audit", *options, "--project", str(project)]
        done = subprocess.run(audit, capture_output=True, text=True, check=False)
        if reached := SERVICE not in done.stderr:
            found += [f"{project.name}:\n{done.stdout}{done.stderr}"] * (done.returncode != 0)
        else:
            break
    assert not found, "\n".join(found)
    if not reached and "REQUIRE_AUDIT" not in os.environ:
        pytest.skip(f"{SERVICE} cannot be reached")
    assert reached, done.stderr


def test_the_workflows_are_sound(projects: list[Path]) -> None:
    folders = [project / ".github" for project in projects] + [ROOT / ".github"]
    files = [file for folder in folders for file in folder.rglob("*.yml")]
    said = printed(TOOLS / "zizmor", "--offline", "--strict-collection", *files)
    assert said.count("completed") == len(files) == 2 * len(projects) + 1
    workflows = [file for file in files if file.parent.name == "workflows"]
    assert printed(TOOLS / "actionlint", "-shellcheck=", "-pyflakes=", *workflows) == ""


@pytest.mark.skipif(os.name == "nt", reason="there is no hadolint for it")
def test_the_dockerfiles_are_sound(projects: list[Path]) -> None:
    printed(TOOLS / "hadolint", *[project / "Dockerfile" for project in projects])


def test_the_compose_files_are_valid(projects: list[Path]) -> None:
    files = [file for project in projects if (file := project / "compose.yaml").exists()]
    printed(TOOLS / "check-jsonschema", "--builtin-schema=vendor.compose-spec", *files)
    assert len(files) == len(projects) - 1  # SQLite has no server


def test_compose_keeps_the_service_in_bounds(projects: list[Path]) -> None:
    files = [file for project in projects if (file := project / "compose.yaml").exists()]
    for file in files:
        services = yaml.safe_load(file.read_text())["services"]
        for service in (services["service"], services["migrate"]):
            assert (service["read_only"], service["tmpfs"]) == (True, "/tmp")
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
    assert len(files) == len(projects) - 1  # SQLite has no server


@pytest.mark.parametrize("cell", IMAGED, ids=str)
def test_the_image(cell: Cell, matrix: Matrix) -> None:
    """Without docker, as tests/image.py says: not root, read-only, healthy, and ended in order."""
    image = result(matrix, cell).image
    assert image["files"] == {
        ".venv",
        "README.md",
        "app",
        "migrations",
        "pyproject.toml",
        "uv.lock",
    }
    assert image["old"] == []
    assert image["user"] > 0
    lock = "/srv/.venv/.lock"  # which uv lets everyone write to, and nobody reads
    assert set(image["writable"]) - {lock} == {"/data", "/tmp"}
    assert image["no secret"] == (1, "SECRET_KEY needs 32 characters: openssl rand -hex 32\n")
    assert image["migrated"][0] == 0, image["migrated"][1]
    assert image["ready"] == 200
    assert image["ended"] in {0, -signal.SIGTERM}  # uvicorn ends by the signal itself
    assert "Application shutdown complete" in image["log"]
    assert "Traceback" not in image["log"]
