"""A release that moves a file and renames a question, for which a project is changed first."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import copier
import pytest
import yaml
from copier.errors import TaskError, UnsafeTemplateError

from tests.cells import Cell
from tests.projects import ANSWERS, make, update
from tests.releases import ROOT, commit, copy_tree, edit, git, release
from tests.steps import StepFailed, step

MIGRATIONS = """
_migrations:
  - version: v2.0.0
    when: "{{ _stage == 'before' }}"
    command: &migrate
      - "{{ _copier_python }}"
      - "{{ _copier_conf.src_path }}/hooks/migrate.py"
      - move
      - app/probes.py
      - app/health.py
  - version: v2.0.0
    when: "{{ _stage == 'before' }}"
    command:
      - "{{ _copier_python }}"
      - "{{ _copier_conf.src_path }}/hooks/migrate.py"
      - rename
      - driver
      - db_driver
      - maria=asyncmy
"""


def replace_everywhere(tree: Path, old: str, new: str) -> None:
    for path in tree.rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.suffix != ".txt":
            path.write_text(path.read_text().replace(old, new))


def make_first(tree: Path) -> None:
    """Liveness and readiness are in app/probes.py; `driver` is asked for, and may be `maria`."""
    copy_tree(tree)
    (tree / "template/app/health.py").rename(tree / "template/app/probes.py")
    replace_everywhere(tree, "app.health", "app.probes")
    replace_everywhere(tree, "db_driver", "driver")
    replace_everywhere(tree / "hooks", "db_driver", "driver")
    (tree / "hooks/after_copy.txt.jinja").write_text("")
    (tree / "hooks/after_update.txt.jinja").write_text("")
    edit(tree / "copier.yml", r"the faster: asyncmy", "the faster: maria")
    edit(tree / "copier.yml", r"'asyncmy': \{", "'maria': {")


def make_second(tree: Path) -> None:
    copy_tree(tree)
    config = tree / "copier.yml"
    config.write_text(config.read_text() + MIGRATIONS)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = tmp_path_factory.mktemp("moving") / "template"
    git(repository.parent, "init", "--quiet", str(repository))
    release(repository, "v1.0.0", make_first)
    release(repository, "v2.0.0", make_second)
    release(repository, "v3.0.0", make_second)
    return repository


@pytest.fixture
def project(moving: Path, tmp_path: Path) -> Path:
    project = tmp_path / "project"
    options = {"driver": "maria"}
    copier.run_copy(str(moving), project, data=options, vcs_ref="v1.0.0", defaults=True, quiet=True)
    git(tmp_path, "init", "--quiet", str(project))
    commit(project)
    return project


migrate = partial(copier.run_update, defaults=True, overwrite=True, quiet=True, unsafe=True)


def answers(project: Path) -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load((project / ANSWERS).read_text())
    return loaded


def test_an_edit_moves_along(project: Path) -> None:
    edit(project / "app/probes.py", "TIMEOUT = 5", "TIMEOUT = 7")
    commit(project)
    migrate(project)
    assert not (project / "app/probes.py").exists()
    moved = (project / "app/health.py").read_text()
    assert "TIMEOUT = 7" in moved
    assert moved.count("<<<<<<<") == 1  # about that line, since Copier has no old one to compare
    assert git(project, "diff", "--name-only", "--diff-filter=U") == "app/health.py"


def test_without_an_edit_nothing_is_in_conflict(project: Path) -> None:
    migrate(project)
    assert not (project / "app/probes.py").exists()
    assert (project / "app/health.py").exists()
    assert git(project, "diff", "--name-only", "--diff-filter=U") == ""


def test_an_answer_is_kept_under_its_new_name(project: Path) -> None:
    migrate(project)
    found = answers(project)
    assert found["db_driver"] == "asyncmy"
    assert "driver" not in found
    assert "asyncmy" in (project / "pyproject.toml").read_text()


def test_only_that_release_needs_trust(moving: Path, project: Path, tmp_path: Path) -> None:
    before = git(project, "rev-parse", "HEAD^{tree}")
    with pytest.raises(UnsafeTemplateError):
        update(project)
    commit(project)
    assert git(project, "rev-parse", "HEAD^{tree}") == before
    migrate(project, vcs_ref="v2.0.0")
    commit(project)
    update(project)
    assert answers(project)["_commit"] == "v3.0.0"
    make(moving, tmp_path / "new", "v2.0.0", Cell())


def test_what_is_in_the_way_stops_the_update(project: Path) -> None:
    (project / "app/health.py").write_text("# ours\n")
    commit(project)
    before = git(project, "rev-parse", "HEAD^{tree}")
    with pytest.raises(TaskError):
        migrate(project)
    commit(project)
    assert git(project, "rev-parse", "HEAD^{tree}") == before


Run = Callable[..., str]


@pytest.fixture
def script(project: Path) -> Run:
    return partial(step, project, dict(os.environ), sys.executable, str(ROOT / "hooks/migrate.py"))


def test_a_second_time_it_does_nothing(project: Path, script: Run) -> None:
    script("move", "app/probes.py", "app/health/probes.py")
    script("rename", "driver", "db_driver", "maria=asyncmy")
    once = (git(project, "status", "--porcelain"), (project / ANSWERS).read_text())
    script("move", "app/probes.py", "app/health/probes.py")
    script("rename", "driver", "db_driver", "maria=asyncmy")
    assert (git(project, "status", "--porcelain"), (project / ANSWERS).read_text()) == once
    assert once[1].startswith("#")


@pytest.mark.parametrize(
    "arguments", [(), ("move", "x"), ("rename", "x"), ("rename", "a", "b", "c")]
)
def test_it_says_how_it_is_used(script: Run, arguments: tuple[str, ...]) -> None:
    with pytest.raises(StepFailed, match=r"migrate\.py move OLD NEW"):
        script(*arguments)


def test_it_wants_a_project(project: Path, script: Run) -> None:
    (project / ANSWERS).unlink()
    with pytest.raises(StepFailed, match="not the folder of a project"):
        script("move", "a", "b")
