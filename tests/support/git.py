"""Runs git, always with the same identity."""

import os
import subprocess
from pathlib import Path

IDENTITY = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "Someone"), ("EMAIL", "someone@example.com"))
}


def git(folder: Path, *command: str) -> str:
    """Runs a git command in a folder and returns what it printed."""
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
    """Commits all changes in a repository, or nothing if there are none."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)


def make_repository(folder: Path) -> None:
    """Creates a repository in a folder, which may exist and have files."""
    git(folder.parent, "init", "--quiet", str(folder))
