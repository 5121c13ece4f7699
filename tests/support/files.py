"""Reads a project's files, and edits them."""

import re
from pathlib import Path

NOT_RENDERED = {"__pycache__", ".ruff_cache", ".git"}


def read_files(project: Path) -> dict[str, bytes]:
    """Returns the content of every file by its path, without caches and git's own files."""
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file() and not NOT_RENDERED & set(path.parts)
    }


def replace_in_file(path: Path, pattern: str, replacement: str) -> None:
    """Replaces the first match of a pattern. It is an error if nothing matches."""
    text, count = re.subn(pattern, replacement, path.read_text(), count=1)
    assert count == 1, f"{pattern} is not in {path}"
    path.write_text(text)
