"""hooks/migrate.py: a release moves a file and renames a question without losing a team's work."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import copier
import pytest
import yaml
from copier.errors import TaskError, UnsafeTemplateError

from tests.support.combinations import Combination
from tests.support.commands import CommandFailed, run_command
from tests.support.files import replace_in_file
from tests.support.git import commit, git, make_repository
from tests.support.template import ROOT, copy_template
from tests.updates.projects import (
    ANSWERS_FILE,
    conflicts,
    make_project,
    read_answers,
    update_project,
)
from tests.updates.releases import add_release

MIGRATIONS = """
_migrations:
  - version: v2.0.0
    when: "{{ _stage == 'before' }}"
    command: &migrate
      - "{{ _copier_python }}"
      - "{{ _copier_conf.src_path }}/hooks/migrate.py"
      - "{{ _copier_conf.answers_file }}"
      - move
      - app/http/probes.py
      - app/http/health.py
  - version: v2.0.0
    when: "{{ _stage == 'before' }}"
    command:
      - "{{ _copier_python }}"
      - "{{ _copier_conf.src_path }}/hooks/migrate.py"
      - "{{ _copier_conf.answers_file }}"
      - rename
      - db_library
      - db_driver
      - maria=asyncmy
"""


def replace_everywhere(tree: Path, old: str, new: str) -> None:
    for path in tree.rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.suffix != ".txt":
            path.write_text(path.read_text().replace(old, new))


def write_first_release(tree: Path) -> None:
    """Has app/http/probes.py and `db_library: maria` for app/http/health.py and `db_driver: asyncmy`."""
    copy_template(tree)
    (tree / "template/app/http/health.py").rename(tree / "template/app/http/probes.py")
    replace_everywhere(tree, "app.http.health", "app.http.probes")
    replace_everywhere(tree, "db_driver", "db_library")
    replace_everywhere(tree / "hooks", "db_driver", "db_library")
    (tree / "hooks/after_copy.txt.jinja").write_text("")
    (tree / "hooks/after_update.txt.jinja").write_text("")
    replace_in_file(tree / "copier.yml", r"than aiomysql: asyncmy", "than aiomysql: maria")
    replace_in_file(tree / "copier.yml", r"    asyncmy:\n", "    maria:\n")
    engines = tree / "variants/app/db/engine"
    (engines / "mysql_asyncmy.py").rename(engines / "mysql_maria.py")


def write_second_release(tree: Path) -> None:
    """Moves and renames them to their names in the working tree."""
    copy_template(tree)
    config = tree / "copier.yml"
    config.write_text(config.read_text() + MIGRATIONS)


@pytest.fixture(scope="module")
def migrating_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = tmp_path_factory.mktemp("migrating") / "template"
    make_repository(repository)
    add_release(repository, "v1.0.0", write_first_release)
    add_release(repository, "v2.0.0", write_second_release)
    add_release(repository, "v3.0.0", write_second_release)
    return repository


@pytest.fixture
def project(migrating_template: Path, tmp_path: Path) -> Path:
    """A project of the first release."""
    project = tmp_path / "project"
    copier.run_copy(
        str(migrating_template),
        project,
        data={"db_library": "maria"},
        vcs_ref="v1.0.0",
        defaults=True,
        quiet=True,
    )
    make_repository(project)
    commit(project)
    return project


update_with_trust = partial(
    copier.run_update, defaults=True, overwrite=True, quiet=True, unsafe=True
)


def test_migration_moves_edits_with_the_file(project: Path) -> None:
    replace_in_file(project / "app/http/probes.py", "TIMEOUT = 5", "TIMEOUT = 7")
    commit(project)
    update_with_trust(project)
    assert not (project / "app/http/probes.py").exists()
    moved = (project / "app/http/health.py").read_text()
    assert "TIMEOUT = 7" in moved
    assert moved.count("<<<<<<<") == 1  # Copier has no old version of this path to compare with
    assert conflicts(project) == "app/http/health.py"


def test_migration_without_edits_has_no_conflict(project: Path) -> None:
    update_with_trust(project)
    assert not (project / "app/http/probes.py").exists()
    assert (project / "app/http/health.py").exists()
    assert conflicts(project) == ""


@pytest.mark.parametrize("answers_file", [ANSWERS_FILE, ".copier-answers.service.yml"])
def test_migration_renames_the_answer(project: Path, answers_file: str) -> None:
    """Also in another answers file, as in a project with several templates."""
    (project / ANSWERS_FILE).rename(project / answers_file)
    commit(project)
    update_with_trust(project, answers_file=answers_file)
    found = yaml.safe_load((project / answers_file).read_text())
    assert found["db_driver"] == "asyncmy"
    assert "db_library" not in found
    assert "asyncmy" in (project / "pyproject.toml").read_text()


def test_only_the_migration_needs_trust(
    migrating_template: Path, project: Path, tmp_path: Path
) -> None:
    """Neither the next update nor a new project needs `--trust`."""
    before = git(project, "rev-parse", "HEAD^{tree}")
    with pytest.raises(UnsafeTemplateError):
        update_project(project)
    commit(project)
    assert git(project, "rev-parse", "HEAD^{tree}") == before
    update_with_trust(project, vcs_ref="v2.0.0")
    commit(project)
    update_project(project)
    assert read_answers(project)["_commit"] == "v3.0.0"
    make_project(migrating_template, tmp_path / "new", "v2.0.0", Combination())


def test_migration_stops_if_the_new_path_exists(project: Path) -> None:
    (project / "app/http/health.py").write_text("# ours\n")
    commit(project)
    before = git(project, "rev-parse", "HEAD^{tree}")
    with pytest.raises(TaskError):
        update_with_trust(project)
    commit(project)
    assert git(project, "rev-parse", "HEAD^{tree}") == before


RunScript = Callable[..., str]


@pytest.fixture
def run_script(project: Path) -> RunScript:
    """Runs hooks/migrate.py with these arguments in the project."""
    return partial(
        run_command, project, dict(os.environ), sys.executable, str(ROOT / "hooks/migrate.py")
    )


def test_migrate_script_does_nothing_the_second_time(project: Path, run_script: RunScript) -> None:
    run_script(ANSWERS_FILE, "move", "app/http/probes.py", "app/health/probes.py")
    run_script(ANSWERS_FILE, "rename", "db_library", "db_driver", "maria=asyncmy")
    once = (git(project, "status", "--porcelain"), (project / ANSWERS_FILE).read_text())
    run_script(ANSWERS_FILE, "move", "app/http/probes.py", "app/health/probes.py")
    run_script(ANSWERS_FILE, "rename", "db_library", "db_driver", "maria=asyncmy")
    assert (git(project, "status", "--porcelain"), (project / ANSWERS_FILE).read_text()) == once
    assert once[1].startswith("#")


@pytest.mark.parametrize(
    "arguments",
    [(), ("move", "x", "y"), (ANSWERS_FILE, "move", "x"), (ANSWERS_FILE, "rename", "a", "b", "c")],
)
def test_migrate_script_prints_usage_for_invalid_arguments(
    run_script: RunScript, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(CommandFailed, match=r"migrate\.py ANSWERS move OLD NEW"):
        run_script(*arguments)


def test_migrate_script_runs_only_in_a_project(project: Path, run_script: RunScript) -> None:
    (project / ANSWERS_FILE).unlink()
    with pytest.raises(CommandFailed, match="Run this in the folder of a project"):
        run_script(ANSWERS_FILE, "move", "a", "b")
