"""What projects rely on from release to release: `python -m tests.contract` prints it.

The answers that were given are looked up by question and value, and a team's edits by path. A
renamed one is a lost one: Copier falls back to the default, or deletes the file, and says nothing.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import copier
import yaml

from tests.cells import CELLS, Cell
from tests.releases import copy_tree
from tests.test_renders import files

Contract = dict[str, Any]
HEAD = """\
# What the last release promised: its questions with their choices, and its paths with the answers
# that bring them. A release writes it anew: bin/uv run python -m tests.contract > tests/contract.yml
"""


def questions(template: Path) -> dict[str, Any]:
    """The questions by name, without those that are computed."""
    loaded = yaml.safe_load((template / "copier.yml").read_text())
    return {
        name: question
        for name, question in loaded.items()
        if not name.startswith("_") and question.get("when") is not False
    }


def choices(question: dict[str, Any]) -> list[object] | None:
    return list(question["choices"].values()) if "choices" in question else None


def paths(rendered: dict[Cell, set[str]]) -> dict[str, dict[str, list[object]]]:
    """Every path, with the answers without which it is not there."""
    found: dict[str, dict[str, list[object]]] = {}
    for path in sorted(set().union(*rendered.values())):
        having = [cell for cell, names in rendered.items() if path in names]
        found[path] = {
            question: sorted({cell.answers[question] for cell in having}, key=str)
            for question in CELLS[0].answers
            if len({cell.answers[question] for cell in having})
            < len({cell.answers[question] for cell in rendered})
        }
    return found


def contract(template: Path, rendered: dict[Cell, set[str]]) -> Contract:
    return {
        "questions": {name: choices(asked) for name, asked in questions(template).items()},
        "paths": paths(rendered),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        template = Path(name) / "template"
        template.mkdir()
        copy_tree(template)
        rendered = {}
        for cell in CELLS:
            project = Path(name) / str(cell)
            copier.run_copy(str(template), project, data=cell.answers, defaults=True, quiet=True)
            rendered[cell] = set(files(project))
        written = yaml.safe_dump(
            contract(template, rendered), sort_keys=False, width=100, default_flow_style=None
        )
    sys.stdout.write(HEAD + written)


if __name__ == "__main__":
    main()
