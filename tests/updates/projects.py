"""Projects as a team has them: rendered from a release, committed, and updated."""

from pathlib import Path
from typing import Any

import copier
import yaml

from tests.support.combinations import Combination
from tests.support.files import read_files
from tests.support.git import commit, git, make_repository

ANSWERS_FILE = ".copier-answers.yml"
REVISIONS = "migrations/versions/"


def make_project(
    releases: Path,
    project: Path,
    tag: str,
    combination: Combination | None,
    *,
    commits: bool = True,
    **more: Any,
) -> Path:
    """Renders a project from a release and commits it."""
    answers = (combination.answers if combination else {}) | more
    copier.run_copy(str(releases), project, data=answers, defaults=True, quiet=True, vcs_ref=tag)
    if commits:
        make_repository(project)
        commit(project, "A new service")
    return project


def update_project(
    project: Path, *, commits: bool = True, quiet: bool = True, **answers: Any
) -> None:
    """Updates to the newest release without --trust, checks for conflicts, and commits."""
    copier.run_update(project, data=answers, defaults=True, overwrite=True, quiet=quiet)
    assert conflicts(project) == ""
    assert not list(project.rglob("*.rej"))
    if commits:
        commit(project, "An update")


def conflicts(project: Path) -> str:
    """Returns the names of files with conflicts."""
    return git(project, "diff", "--name-only", "--diff-filter=U")


def read_answers(project: Path) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load((project / ANSWERS_FILE).read_text())
    return answers


def read_updated_files(project: Path) -> dict[str, bytes]:
    """Returns the files that an update may change, and only the answers of the answers file.

    Revisions are left out, because they belong to the team. The answers file also has the
    template's version, which differs after an update.
    """
    found = {name: text for name, text in read_files(project).items() if REVISIONS not in name}
    answers = yaml.safe_load(found.pop(ANSWERS_FILE))
    given = {name: value for name, value in answers.items() if not name.startswith("_")}
    return found | {ANSWERS_FILE: repr(sorted(given.items())).encode()}


def read_revisions(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / REVISIONS).glob("*.py")}
