"""Supply chain: packages are audited; workflows, Dockerfiles and Compose files are linted."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.support.combinations import DATABASES, DRIVERS, Combination
from tests.support.rendering import Render
from tests.support.template import ROOT

TOOLS = Path(sysconfig.get_path("scripts"))
VULNERABILITY_DATABASE = "api.osv.dev"  # used by `uv audit`


def run_linter(*command: str | Path) -> str:
    """Runs a tool that has to find nothing, and returns its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def projects(render: Render) -> list[Path]:
    """One project for each kind of database. These files depend on nothing else."""
    drivers = {family: driver for driver, family in DATABASES.items()}.values()
    return [render(Combination(driver, auth=True)) for driver in drivers]


def test_packages_have_no_known_vulnerabilities(render: Render, tmp_path: Path) -> None:
    """Audits the template's locked packages, and the newest packages of each driver with users."""
    audits: dict[Path, list[str]] = {ROOT: ["--locked"]}
    for driver in DRIVERS:
        audits[tmp_path / driver] = []
        (tmp_path / driver).mkdir()
        shutil.copy(render(Combination(driver, auth=True)) / "pyproject.toml", tmp_path / driver)
    found = []
    for project, options in audits.items():
        audit = [os.environ["UV"], "audit", *options, "--project", str(project)]
        done = subprocess.run(audit, capture_output=True, text=True, check=False)
        if reached := VULNERABILITY_DATABASE not in done.stderr:
            found += [f"{project.name}:\n{done.stdout}{done.stderr}"] * (done.returncode != 0)
        else:
            break
    assert not found, "\n".join(found)
    if not reached and "REQUIRE_AUDIT" not in os.environ:
        pytest.skip(f"{VULNERABILITY_DATABASE} cannot be reached")
    assert reached, done.stderr


def test_workflows_pass_linters(projects: list[Path]) -> None:
    folders = [project / ".github" for project in projects] + [ROOT / ".github"]
    files = [file for folder in folders for file in folder.rglob("*.yml")]
    output = run_linter(TOOLS / "zizmor", "--offline", "--strict-collection", *files)
    assert output.count("completed") == len(files) == 3 * len(projects) + 2
    workflows = [file for file in files if file.parent.name == "workflows"]
    assert run_linter(TOOLS / "actionlint", "-shellcheck=", "-pyflakes=", *workflows) == ""


@pytest.mark.skipif(os.name == "nt", reason="hadolint is not available for Windows")
def test_dockerfiles_pass_hadolint(projects: list[Path]) -> None:
    run_linter(TOOLS / "hadolint", *[project / "Dockerfile" for project in projects])


def test_compose_files_are_valid(projects: list[Path]) -> None:
    files = [file for project in projects if (file := project / "compose.yaml").exists()]
    run_linter(TOOLS / "check-jsonschema", "--builtin-schema=vendor.compose-spec", *files)
    assert len(files) == len(projects) - 1  # none for SQLite


def test_compose_restricts_the_service(projects: list[Path]) -> None:
    files = [file for project in projects if (file := project / "compose.yaml").exists()]
    for file in files:
        services = yaml.safe_load(file.read_text())["services"]
        for service in (services["service"], services["migrate"]):
            assert (service["read_only"], service["tmpfs"]) == (True, "/tmp")
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
    assert len(files) == len(projects) - 1  # none for SQLite


def test_compose_sends_mail_to_mailpit(projects: list[Path], render: Render) -> None:
    files = [file for project in projects if (file := project / "compose.yaml").exists()]
    for file in files:
        services = yaml.safe_load(file.read_text())["services"]
        server = services[services["service"]["environment"]["SMTP_HOST"]]
        assert server["image"].startswith("axllent/mailpit:")
        assert server["ports"] == ["127.0.0.1:8025:8025"]
    without_users = yaml.safe_load((render(Combination("asyncpg")) / "compose.yaml").read_text())
    assert without_users["services"].keys() == {"database", "migrate", "service"}
