"""A repository with releases of the template: an invented old one, the last real one, this tree."""

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

from tests.support.files import replace_in_file
from tests.support.git import commit, git, make_repository
from tests.support.template import ROOT, TEMPLATE_PARTS, copy_template

OLD_RELEASE, NEW_RELEASE = "v0.0.1", "v9999.0.0"
"""The invented old release, and the release that the working tree will become."""


def write_old_release(tree: Path) -> None:
    """Writes a template with other lines, a file that was removed since, and without later files."""
    copy_template(tree)
    template = tree / "template"
    replace_in_file(template / "app/http/health.py", "TIMEOUT = 5", "TIMEOUT = 3")
    replace_in_file(template / "app/http/pages.py", "ge=1, le=100", "ge=1, le=1000")
    replace_in_file(
        template / "app/settings.py.jinja", "log_level: .* = Field", "log_level: str = Field"
    )
    replace_in_file(
        template / "README.md.jinja", "This creates `app/orders/`", "This makes `app/orders/`"
    )
    replace_in_file(template / "pyproject.toml.jinja", "orjson>=3.11", "orjson>=3.10")
    replace_in_file(template / "compose.yaml.jinja", "retries: 30", "retries: 10")
    workflow = template / ".github/workflows/ci.yml.jinja"
    replace_in_file(workflow, "timeout-minutes: 15", "timeout-minutes: 10")
    session = tree / "variants/app/db/session/di.py"
    replace_in_file(session, "of an application", "of the application")
    (template / "app/legacy.py").write_text('"""Removed since."""\n')
    (template / ".dockerignore").unlink()
    (template / "app/http/retry.py").write_text('"""Retries nothing yet."""\n')


def find_last_release() -> str | None:
    """Returns the newest release tag of this repository, if it has any."""
    done = subprocess.run(
        ["git", "tag", "--list", "v*", "--sort=-version:refname"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()[0] if done.stdout.split() else None


EARLIER_RELEASES = [tag for tag in (OLD_RELEASE, find_last_release()) if tag is not None]


def extract_release(tag: str, destination: Path) -> None:
    archive = subprocess.run(
        ["git", "archive", tag, *TEMPLATE_PARTS], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        tar.extractall(destination, filter="data")


def add_release(repository: Path, tag: str, write_tree: Callable[[Path], None]) -> None:
    """Replaces the repository's tree by what `write_tree` writes, commits and tags it."""
    for path in repository.iterdir():
        if path.is_dir() and path.name != ".git":
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    write_tree(repository)
    commit(repository, tag)
    git(repository, "tag", tag)
    git(repository, "gc", "--quiet")  # so that a clone copies one file instead of hundreds


def make_releases(repository: Path) -> None:
    """Makes a repository with all earlier releases and then the release of the working tree."""
    make_repository(repository)
    add_release(repository, OLD_RELEASE, write_old_release)
    for tag in EARLIER_RELEASES[1:]:
        add_release(repository, tag, partial(extract_release, tag))
    add_release(repository, NEW_RELEASE, copy_template)
