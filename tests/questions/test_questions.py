"""The questions: default answers, invalid answers, and project names that are hard to quote."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from copier.errors import CopierError

from tests.support.combinations import (
    DATABASES,
    DEFAULT,
    DRIVERS,
    ID_TYPES,
    JOBS,
    SESSION_STYLES,
)
from tests.support.rendering import Render, render_project
from tests.support.template import read_questions

NAMES = [
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


def test_default_answers(render: Render) -> None:
    answers = yaml.safe_load((render(DEFAULT) / ".copier-answers.yml").read_text())
    given = {name: value for name, value in answers.items() if not name.startswith("_")}
    assert given == DEFAULT.answers | {"domains": []}


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("my-shop", "My shop"),
        ("my_shop", "My shop"),
        ("Größe", "Größe"),
        ("API", "API"),
        ("x" * 120, "X" + "x" * 99),
        ("-", "My service"),
        ("bell\a", "My service"),
    ],
)
def test_default_project_name_is_that_of_the_folder(
    template: Path, tmp_path: Path, folder: str, name: str
) -> None:
    project = render_project(template, tmp_path / folder)
    answers = yaml.safe_load((project / ".copier-answers.yml").read_text())
    assert answers["project_name"] == name


def test_default_project_name_in_the_current_folder(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my-shop").mkdir()
    monkeypatch.chdir(tmp_path / "my-shop")
    render_project(template, Path())
    assert "My shop" in Path("README.md").read_text()


def test_choices_are_those_of_the_combinations(template: Path) -> None:
    choices = {
        name: list(question["choices"].values())
        for name, question in read_questions(template).items()
        if "choices" in question
    }
    expected = {"db_driver": DRIVERS, "session_style": SESSION_STYLES, "id_type": ID_TYPES}
    assert choices == expected | {"auth": [False, True], "jobs": JOBS, "example": [True, False]}
    assert list(DATABASES) == DRIVERS


def test_each_question_has_a_default_and_help(template: Path) -> None:
    for name, question in read_questions(template).items():
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
        ("jobs", "true"),
        ("example", "perhaps"),
    ],
)
def test_invalid_answer_writes_nothing(
    template: Path, tmp_path: Path, question: str, answer: str
) -> None:
    with pytest.raises((ValueError, CopierError), match=question):
        render_project(template, tmp_path / "project", **{question: answer})
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    ("name", "question"),
    [("driver", "db_driver"), ("database", "db_driver"), ("id", "id_type"), ("users", "auth")],
)
def test_answer_to_a_computed_value_is_refused(
    template: Path, tmp_path: Path, name: str, question: str
) -> None:
    message = f"{name}.*The template computes this value. Set {question} instead"
    with pytest.raises((ValueError, CopierError), match=message):
        render_project(template, tmp_path / "project", **{name: "true"})
    assert not (tmp_path / "project").exists()


def test_invalid_answer_on_the_command_line_has_an_exit_code(
    template: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "copier", "copy", "--defaults", "-d", "db_driver=oracle"]
    done = subprocess.run(
        [*command, template, tmp_path / "project"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "db_driver" in done.stderr
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("name", NAMES)
def test_project_name_is_quoted(template: Path, tmp_path: Path, name: str) -> None:
    project = render_project(template, tmp_path / "project", project_name=name, db_driver="asyncpg")
    assert tomllib.loads((project / "pyproject.toml").read_text())["project"]["description"] == name
    title = re.search(r"^TITLE = (.*)\n", (project / "app/api.py").read_text(), re.MULTILINE)
    assert title is not None
    assert ast.literal_eval(title[1]) == name
    assert name in (project / "README.md").read_text()
    yaml.safe_load((project / "compose.yaml").read_text())
    for check in (["check"], ["format", "--check"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--quiet", "--no-cache", project], check=True
        )


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Shop", "shop-service"),
        ("Shop service", "shop-service"),
        ("Shop (EU)", "shop-eu-service"),
        ("(EU) shop-service!", "eu-shop-service"),
        ("Service", "service"),
    ],
)
def test_name_of_the_distribution(template: Path, tmp_path: Path, name: str, slug: str) -> None:
    project = render_project(template, tmp_path / "project", project_name=name)
    assert tomllib.loads((project / "pyproject.toml").read_text())["project"]["name"] == slug
