"""A repository with releases of the template: a made-up old one, the last real one, and this tree."""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("copier.yml", "template", "variants", "hooks")
OLD, THIS = "v0.0.1", "v9999.0.0"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Someone"), ("EMAIL", "someone@example.com"))
}


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", *command],
        cwd=folder,
        env=os.environ | IDENTITY,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout.strip()


def commit(folder: Path, message: str = "A change") -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def copy_tree(destination: Path) -> None:
    """This tree's template, uncommitted changes included."""
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, destination / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy2(source, destination)


def edit(path: Path, pattern: str, replacement: str) -> None:
    """Replace what the pattern matches; it is an error when it matches nothing."""
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    assert count == 1, f"{pattern} is not in {path}"
    path.write_text(text)


def make_old(tree: Path) -> None:
    """What a template had before: other lines, a file that is gone, none of what came later."""
    template = tree / "template"
    edit(template / "app/health.py", "TIMEOUT = 5", "TIMEOUT = 3")
    edit(template / "app/items/routes.py.jinja", "ge=1, le=100", "ge=1, le=1000")
    edit(template / "app/settings.py", 'log_level: .* = "INFO"', 'log_level: str = "INFO"')
    edit(template / "README.md.jinja", "Make `app/orders/` with", "Write `app/orders/` with")
    edit(template / "pyproject.toml.jinja", "orjson>=3.11", "orjson>=3.10")
    edit(template / "compose.yaml.jinja", "retries: 30", "retries: 10")
    edit(template / ".github/workflows/ci.yml.jinja", "timeout-minutes: 15", "timeout-minutes: 10")
    edit(tree / "variants/session/di.py", "of one application", "of an application")
    (template / "app/legacy.py").write_text('"""Retired since."""\n')
    (template / ".dockerignore").unlink()
    (template / "app/db/retry.py").write_text('"""Retries nothing yet."""\n')


def last_release() -> str | None:
    """The newest tag of a release, in a checkout that has tags."""
    done = subprocess.run(
        ["git", "tag", "--list", "v*", "--sort=-version:refname"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.split()[0] if done.stdout.split() else None


RELEASES = [tag for tag in (OLD, last_release()) if tag is not None]


def extract_release(tag: str, destination: Path) -> None:
    archive = subprocess.run(
        ["git", "archive", tag, *PARTS], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
        tar.extractall(destination, filter="data")


def release(repository: Path, tag: str, make: Callable[[Path], None]) -> None:
    """Replace the repository's tree by what `make` makes, and tag it."""
    for path in repository.iterdir():
        if path.is_dir() and path.name != ".git":
            shutil.rmtree(path)
        elif path.is_file():
            path.unlink()
    make(repository)
    commit(repository, tag)
    git(repository, "tag", tag)


def make_releases(repository: Path) -> None:
    """A repository with the tags of RELEASES, and that of this tree after them."""
    git(repository.parent, "init", "--quiet", str(repository))

    def old(tree: Path) -> None:
        copy_tree(tree)
        make_old(tree)

    release(repository, OLD, old)
    for tag in RELEASES[1:]:
        release(repository, tag, partial(extract_release, tag))
    release(repository, THIS, copy_tree)
    git(repository, "gc", "--quiet")  # one file to clone instead of hundreds
