"""Every combination is linted and formatted, has no trace of the template, and is reproducible."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from copier.errors import CopierError
from jinja2 import UndefinedError

from tests.support.combinations import COMBINATIONS, DEFAULT, Combination
from tests.support.files import read_files
from tests.support.rendering import Render, render_project

MAX_LINES = 150  # of a file
OWNED_LINES = {
    (False, "none"): 3418,
    (True, "none"): 4936,
    (False, "taskiq"): 4153,
    (False, "celery"): 4189,
    (False, "apscheduler"): 4013,
}
"""The lines of the service and its migrations, by users and jobs. Keep them few."""
JINJA = re.compile(r"(?<!\$)\{\{|\{%|%\}|\{#")


@pytest.fixture(scope="module")
def all_renders(render: Render) -> list[Path]:
    return [render(combination) for combination in COMBINATIONS]


def test_renders_are_linted_and_formatted(all_renders: list[Path]) -> None:
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *all_renders],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_render_has_no_trace_of_the_template(combination: Combination, render: Render) -> None:
    rendered = read_files(render(combination))
    for name, content in rendered.items():
        text = content.decode()
        assert not name.endswith(".jinja")
        assert not JINJA.search(text) or name in {"justfile", "app/http/schemas.py"}, name
        assert "\n\n\n\n" not in text, f"too many blank lines in {name}"
        assert text == "" or text.endswith("\n"), name
        if name.endswith(".py"):
            assert len(text.splitlines()) <= MAX_LINES, name
    assert not [name for name in rendered if re.match(r"(\.git/|copier|variants|hooks)", name)]
    assert ".env" not in rendered
    assert ("app/items/routes.py" in rendered) == combination.example


def test_render_without_patches_has_the_same_bytes(
    render: Render, template: Path, tmp_path: Path
) -> None:
    """The `fast_copier` fixture patches Copier in this process, but not in a subprocess."""
    answers = [f"--data={name}={value}" for name, value in DEFAULT.answers.items()]
    copier = [sys.executable, "-m", "copier", "copy", "--quiet", "--defaults", *answers]
    subprocess.run([*copier, template, tmp_path / "project"], check=True)
    assert read_files(tmp_path / "project") == read_files(render(DEFAULT))


@pytest.mark.parametrize("combination", [DEFAULT, COMBINATIONS[-1]], ids=str)
def test_second_render_has_the_same_bytes(
    combination: Combination, render: Render, template: Path, tmp_path: Path
) -> None:
    again = render_project(template, tmp_path / "project", **combination.answers)
    assert read_files(again) == read_files(render(combination))


def test_git_ignores_no_rendered_file(render: Render, tmp_path: Path) -> None:
    project = render(DEFAULT)
    names = "\n".join(read_files(project))
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_bytes((project / ".gitignore").read_bytes())
    ignored = subprocess.run(
        ["git", "-C", tmp_path, "check-ignore", "--no-index", "--stdin"],
        input=names,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ignored.stdout == ""


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Copier leaves a directory open
def test_unknown_variable_in_a_file_fails(template: Path, tmp_path: Path) -> None:
    broken = tmp_path / "template"
    (broken / "template").mkdir(parents=True)
    for name in ("hooks", "variants"):
        shutil.copytree(template / name, broken / name)
    shutil.copy2(template / "copier.yml", broken)
    (broken / "template" / "file.jinja").write_text("{{ project_nmae }}")
    with pytest.raises((UndefinedError, CopierError), match="project_nmae"):
        render_project(broken, tmp_path / "project")
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(("auth", "jobs"), OWNED_LINES)
def test_team_owns_few_lines(auth: bool, jobs: str, render: Render) -> None:
    project = render(Combination(auth=auth, jobs=jobs))
    files = [path for folder in ("app", "migrations") for path in (project / folder).rglob("*.py")]
    assert sum(len(path.read_text().splitlines()) for path in files) <= OWNED_LINES[auth, jobs]
