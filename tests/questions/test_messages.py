"""What Copier asks and prints: it fits a terminal, and the commands in it work."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import copier
import pytest
import yaml

from tests.support.combinations import COMBINATIONS, DEFAULT, WITHOUT_EXAMPLE, Combination
from tests.support.files import read_files
from tests.support.template import read_questions

COLUMNS = 80
PROMPT_WIDTH = len("🎤 ") + 1  # the microphone is two columns wide
HEADING = "Equivalent command:"


def message_after_copy(
    template: Path,
    project: Path,
    capsys: pytest.CaptureFixture[str],
    combination: Combination,
    exclude: Sequence[str] = (),
    **more: str,
) -> str:
    """Renders a project and returns what is printed after the list of its files."""
    capsys.readouterr()
    answers = combination.answers | more
    copier.run_copy(str(template), project, data=answers, defaults=True, exclude=exclude)
    return capsys.readouterr().err.lstrip().partition("\n\n")[2]


def test_questions_fit_a_terminal(template: Path) -> None:
    for question in read_questions(template).values():
        lines = question["help"].splitlines() + list(question.get("choices", {}))
        assert [line for line in lines if PROMPT_WIDTH + len(line) > COLUMNS] == []


def test_questions_and_choices_are_explained(template: Path) -> None:
    """The second line of a question says what it changes, and each choice has a reason."""
    for name, question in read_questions(template).items():
        if question.get("ask", True):
            assert len(question["help"].splitlines()) == 2, name
            assert all(" – " in label for label in question.get("choices", {})), name


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_message_after_copy(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], combination: Combination
) -> None:
    no_files = ["*"]  # the message does not depend on the rendered files
    message = message_after_copy(template, tmp_path / "s", capsys, combination, no_files)
    # The paths of this test are longer than those of most users.
    lines = [line for line in message.splitlines() if str(tmp_path.parents[1]) not in line]
    assert [line for line in lines if len(line) > COLUMNS] == []
    assert ("create-superuser" in message) == combination.auth
    assert ("mariadb-server-core" in message) == (combination.database == "mysql")
    assert "http://127.0.0.1:8000/docs" in message


@pytest.mark.parametrize(
    ("combination", "more"),
    [
        (DEFAULT, {}),
        (COMBINATIONS[-1], {}),
        (WITHOUT_EXAMPLE[-1], {"project_name": "Größe & Co"}),
    ],
    ids=str,
)
def test_equivalent_command_renders_the_same_project(
    template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    combination: Combination,
    more: dict[str, str],
) -> None:
    """The command names the template's address as it was given, and the answer to every question."""
    message = message_after_copy(template, tmp_path / "first", capsys, combination, **more)
    assert HEADING in message
    paragraph = message.partition(HEADING)[2].strip().partition("\n\n")[0]
    command = shlex.split(paragraph.replace("\\\n", ""))
    program, options, addresses = command[:3], command[3:-2], command[-2:]
    assert program == ["uvx", "copier", "copy"]
    assert addresses == [str(template), str(tmp_path / "first")]
    answers = dict(option.split("=", 1) for option in options if "=" in option)
    expected = combination.answers | more
    assert {name: yaml.safe_load(value) for name, value in answers.items()} == expected
    run = [sys.executable, "-m", *program[1:], *options, str(template), str(tmp_path / "second")]
    subprocess.run(run, check=True, capture_output=True)
    assert read_files(tmp_path / "first") == read_files(tmp_path / "second")


def test_quiet_copy_prints_nothing(
    template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copier.run_copy(str(template), tmp_path / "s", data=DEFAULT.answers, defaults=True, quiet=True)
    assert capfd.readouterr() == ("", "")
