"""The questions: their defaults, what they refuse, and names that are hard to quote."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier.errors import CopierError

from tests.cells import DEFAULT, DRIVERS, FAMILIES, IDS, STYLES
from tests.conftest import Render, run_copier

AWKWARD = [
    'The "best" service',
    "It's a service",
    "\"Both\" 'kinds'",
    "back\\slash\\n",
    "Größenwahn",
    "日本語",
    "rocket 🚀",
    "x" * 100,
    "class",
    "fastapi",
    "{{ project_name }} {% if %}",
    "# - : & *",
    "<b>&amp;</b>",
]


def questions(template: Path) -> dict[str, Any]:
    loaded = yaml.safe_load((template / "copier.yml").read_text())
    return {name: question for name, question in loaded.items() if not name.startswith("_")}


def asked(template: Path) -> dict[str, Any]:
    return {name: q for name, q in questions(template).items() if q.get("when") is not False}


def test_the_defaults(render: Render) -> None:
    answers = yaml.safe_load((render(DEFAULT) / ".copier-answers.yml").read_text())
    assert {name: value for name, value in answers.items() if not name.startswith("_")} == {
        "project_name": "My service"
    } | DEFAULT.answers


def test_the_choices_are_the_cells(template: Path) -> None:
    choices = {
        name: list(question["choices"].values())
        for name, question in asked(template).items()
        if "choices" in question
    }
    expected = {"db_driver": DRIVERS, "session_style": STYLES, "id_type": IDS}
    assert choices == expected | {"auth": [False, True], "example": [True, False]}
    assert list(FAMILIES) == DRIVERS


def test_every_question_has_a_default_and_help(template: Path) -> None:
    for name, question in asked(template).items():
        assert "default" in question, name
        assert question["help"].strip(), name


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("project_name", ""),
        ("project_name", "   "),
        ("project_name", " leading"),
        ("project_name", "two\nlines"),
        ("project_name", "nul\0"),
        ("project_name", "bell\a"),
        ("project_name", "x" * 101),
        ("db_driver", "oracle"),
        ("db_driver", ""),
        ("session_style", "global"),
        ("id_type", "UUID"),
        ("auth", "maybe"),
        ("example", "perhaps"),
    ],
)
def test_a_bad_answer_writes_nothing(
    template: Path, tmp_path: Path, question: str, answer: str
) -> None:
    with pytest.raises((ValueError, CopierError), match=question):
        run_copier(template, tmp_path / "project", **{question: answer})
    assert not (tmp_path / "project").exists()


def test_on_the_command_line_a_bad_answer_is_an_exit_code(template: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "copier", "copy", "--defaults", "-d", "db_driver=oracle"]
    done = subprocess.run(
        [*command, template, tmp_path / "project"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "db_driver" in done.stderr
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("name", AWKWARD)
def test_an_awkward_name(template: Path, tmp_path: Path, name: str) -> None:
    project = run_copier(template, tmp_path / "project", project_name=name, db_driver="asyncpg")
    assert tomllib.loads((project / "pyproject.toml").read_text())["project"]["description"] == name
    title = re.search(r"title=(.*),\n", (project / "app/main.py").read_text())
    assert title is not None
    assert ast.literal_eval(title[1]) == name
    assert name in (project / "README.md").read_text()
    yaml.safe_load((project / "compose.yaml").read_text())
    for check in (["check"], ["format", "--check"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--quiet", "--no-cache", project], check=True
        )
