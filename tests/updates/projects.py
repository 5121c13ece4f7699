"""Projects as a team has them: rendered from a release, committed, and updated."""

from pathlib import Path
from typing import Any

import copier
import yaml

from tests.support.combinations import Combination
from tests.support.files import read_files, replace_in_file
from tests.support.git import commit, git, make_repository

ANSWERS_FILE = ".copier-answers.yml"
REVISIONS = "migrations/versions/"
CUSTOMERS = {"name": "customers", "fields": ["name:str:200", "email:str:320:unique"]}
ORDERS = {"name": "orders", "fields": ["number:str:40:unique", "customer:ref:customers"]}
# A domain that was generated, and what a team writes into it, as `ruff format` leaves it.
DOMAIN_EDITS = [
    (
        "app/customers/routes.py",
        r"(    customer = await customers\.create)",
        r"    # Bob reads the new ones.\n\1",
    ),
    ("app/customers/models.py", r"(\n\nclass Customer\()", r"\nVIP = 100\n\1"),
    ("app/customers/repository.py", r"\Z", "\n    # Ask Ada.\n"),
    ("tests/customers/test_customers.py", r"\Z", "\n\n# Ask Ada.\n"),
]


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


def edit_domain(project: Path) -> None:
    """Edits the customers as a team does."""
    for name, pattern, replacement in DOMAIN_EDITS:
        replace_in_file(project / name, pattern, replacement)
