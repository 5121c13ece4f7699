"""Any list of domains is refused, or its files compile, are clean, and create their tables."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.support.combinations import ID_TYPES, SESSION_STYLES, Combination
from tests.support.commands import run_command
from tests.support.databases import environment_variables
from tests.support.domain_lists import domain_lists
from tests.support.domains import DomainRenderer
from tests.support.rendering import Render, render_project

LISTS, SERVICES = 500, 20
PROBES = Path(__file__).parents[1] / "generated" / "probes"
FIRST_PARTY = '\n[tool.ruff.lint.isort]\nknown-first-party = ["app", "migrations", "tests"]\n'
SERVICE = {auth: Combination(auth=auth) for auth in (False, True)}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def accepted(tmp_path_factory: pytest.TempPathFactory, render: Render) -> list[Path]:
    """Draws lists of domains, and writes the files of each that is accepted to a folder."""
    renderer = DomainRenderer(tmp_path_factory.mktemp("template"))
    configs = {
        auth: (render(SERVICE[auth]) / "pyproject.toml").read_text() + FIRST_PARTY
        for auth in SERVICE
    }
    folders: list[Path] = []

    @settings(max_examples=LISTS)
    @given(domain_lists())
    def draw(domains: list[dict[str, Any]]) -> None:
        if reasons := renderer.refusal(domains):
            assert all(reason.endswith(".") for reason in reasons.splitlines()), reasons
            return
        auth = len(folders) % 2 == 1
        files = renderer.render(domains, auth=auth)
        for name, text in files.items():
            compile(text, name, "exec")
        folder = tmp_path_factory.mktemp("users" if auth else "open")
        folders.append(folder)
        for name, text in files.items() | {
            ("domains.json", json.dumps(domains)),
            ("pyproject.toml", configs[auth]),
        }:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)

    draw()
    assert len(folders) >= LISTS / 10
    return folders


@pytest.fixture(scope="module")
def env(environment: Path, render: Render) -> dict[str, str]:
    """The variables for commands in an environment that has the packages of users, too."""
    env = environment_variables(environment)
    run_command(render(SERVICE[True]), env, "uv", "sync", "--quiet")
    return env


def test_accepted_files_are_clean(accepted: list[Path]) -> None:
    root = accepted[0].parent
    for check in (["check", "--output-format=concise"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *check, "--no-cache", *map(str, accepted)]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_accepted_domains_create_their_tables(
    accepted: list[Path], render: Render, env: dict[str, str]
) -> None:
    """The models do so, and the revisions, which are then undone. All routes are imported."""

    def run(auth: bool) -> None:
        service = render(SERVICE[auth])
        folders = [
            str(path) for path in accepted if path.name.startswith("users" if auth else "open")
        ]
        run_command(
            service,
            env,
            "uv",
            "run",
            "--no-sync",
            "python",
            str(PROBES / "domains.py"),
            str(service),
            *folders,
        )

    list(ThreadPoolExecutor().map(run, [False, True]))


def test_whole_services(
    accepted: list[Path], template: Path, env: dict[str, str], tmp_path: Path
) -> None:
    """Services of some of the lists are imported, and their revisions match their models."""
    services = []
    for number in range(SERVICES):
        folder = accepted[number * len(accepted) // SERVICES]
        answers = {
            "auth": folder.name.startswith("users"),
            "session_style": SESSION_STYLES[number % 2],
            "id_type": ID_TYPES[number // 2 % 2],
            "domains": json.loads((folder / "domains.json").read_text()),
        }
        services.append(str(render_project(template, tmp_path / str(number), **answers)))
    probe = str(PROBES / "whole_services.py")
    run_command(tmp_path, env, env["UV_PROJECT_ENVIRONMENT"] + "/bin/python", probe, *services)
