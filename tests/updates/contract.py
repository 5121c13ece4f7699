"""What projects rely on from release to release. `python -m tests.updates.contract` prints it.

An update finds a project's answers by the name of the question and the value, and a team's edits by
the path of the file. If one of these is renamed, Copier silently takes the default answer, or deletes
the file.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.support.combinations import COMBINATIONS, Combination
from tests.support.files import read_files
from tests.support.rendering import render_project
from tests.support.template import copy_template, read_questions

CONTRACT_FILE = Path(__file__).parent / "contract.yml"
Contract = dict[str, Any]
HEADER = """\
# What the last release promised: its questions with their choices, and its paths with the answers
# that they depend on. Each release writes this file again:
# bin/uv run python -m tests.updates.contract > tests/updates/contract.yml
"""


def read_choices(question: dict[str, Any]) -> list[object] | None:
    return list(question["choices"].values()) if "choices" in question else None


def find_paths(rendered: dict[Combination, set[str]]) -> dict[str, dict[str, list[object]]]:
    """Returns every path of a project, with the answers that the path depends on."""
    found: dict[str, dict[str, list[object]]] = {}
    for path in sorted(set().union(*rendered.values())):
        having = [combination for combination, names in rendered.items() if path in names]
        found[path] = {
            question: sorted({combination.answers[question] for combination in having}, key=str)
            for question in COMBINATIONS[0].answers
            if len({combination.answers[question] for combination in having})
            < len({combination.answers[question] for combination in rendered})
        }
    return found


def make_contract(template: Path, rendered: dict[Combination, set[str]]) -> Contract:
    questions = read_questions(template)
    return {
        "questions": {name: read_choices(question) for name, question in questions.items()},
        "paths": find_paths(rendered),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        template = Path(name) / "template"
        template.mkdir()
        copy_template(template)
        rendered = {
            combination: set(
                read_files(
                    render_project(template, Path(name) / str(combination), **combination.answers)
                )
            )
            for combination in COMBINATIONS
        }
        contract = make_contract(template, rendered)
    sys.stdout.write(HEADER)
    yaml.safe_dump(contract, sys.stdout, sort_keys=False, width=100, default_flow_style=None)


if __name__ == "__main__":
    main()
