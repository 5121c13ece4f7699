"""Projects as a team has them: made from a release, committed, worked on and updated."""

from pathlib import Path
from typing import Any

import copier
import yaml

from tests.cells import Cell
from tests.releases import commit, git
from tests.test_renders import files

ANSWERS = ".copier-answers.yml"
REVISIONS = "migrations/versions/"


def make(
    releases: Path, project: Path, tag: str, cell: Cell | None, *, commits: bool = True
) -> Path:
    """A project of a release, committed."""
    options: dict[str, Any] = {"defaults": True, "quiet": True, "vcs_ref": tag}
    copier.run_copy(str(releases), project, data=cell.answers if cell else {}, **options)
    if commits:
        git(project.parent, "init", "--quiet", str(project))
        commit(project, "A new service")
    return project


def update(project: Path, *, commits: bool = True, quiet: bool = True, **answers: Any) -> None:
    """To the newest release, without --trust; then committed, where nothing is in conflict."""
    copier.run_update(project, data=answers, defaults=True, overwrite=True, quiet=quiet)
    assert git(project, "diff", "--name-only", "--diff-filter=U") == ""
    assert not list(project.rglob("*.rej"))
    if commits:
        commit(project, "An update")


def content(project: Path) -> dict[str, bytes]:
    """What an update may touch; of the answers, those that were given."""
    found = {name: text for name, text in files(project).items() if REVISIONS not in name}
    answers = yaml.safe_load(found.pop(ANSWERS))
    given = {name: value for name, value in answers.items() if not name.startswith("_")}
    return found | {ANSWERS: repr(sorted(given.items())).encode()}


def revisions(project: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project / REVISIONS).glob("*.py")}
