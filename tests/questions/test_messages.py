"""What Copier asks and says, as it is seen in a terminal of 80 columns."""

import shlex
import subprocess
import sys
from pathlib import Path

import copier
import pytest
import yaml

from tests.cells import CELLS, DEFAULT, Cell
from tests.test_questions import asked
from tests.test_renders import files

COLUMNS = 80
PROMPT = len("🎤 ") + 1  # the microphone is two wide
NAMED = {"project_name": "Größe & Co"}


def said(
    template: Path, project: Path, capsys: pytest.CaptureFixture[str], cell: Cell, **more: str
) -> str:
    capsys.readouterr()
    copier.run_copy(str(template), project, data=cell.answers | more, defaults=True)
    return capsys.readouterr().err.partition("\n\n")[2]  # the list of files comes before


def test_questions_fit_a_terminal(template: Path) -> None:
    for question in asked(template).values():
        lines = question["help"].splitlines() + list(question.get("choices", {}))
        assert [line for line in lines if PROMPT + len(line) > COLUMNS] == []


def test_a_question_says_what_it_changes_and_a_choice_why(template: Path) -> None:
    for name, question in asked(template).items():
        if question.get("ask", True):
            assert len(question["help"].splitlines()) == 2, name
            assert all(" – " in label for label in question.get("choices", {})), name


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_message_after_a_copy(
    template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], cell: Cell
) -> None:
    message = said(template, tmp_path / "s", capsys, cell)
    lines = [line for line in message.splitlines() if str(tmp_path.parent) not in line]
    assert [line for line in lines if len(line) > COLUMNS] == []
    assert ("create-superuser" in message) == cell.auth
    assert ("mariadb-server-core" in message) == (cell.family == "mysql")
    assert "http://127.0.0.1:8000/docs" in message


@pytest.mark.parametrize(
    ("cell", "more"), [(DEFAULT, {}), (CELLS[-1], {}), (CELLS[-2], NAMED)], ids=str
)
def test_the_command_for_the_same_again(
    template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    cell: Cell,
    more: dict[str, str],
) -> None:
    message = said(template, tmp_path / "one", capsys, cell, **more)
    command = shlex.split(message.partition("The same again:")[2].replace("\\\n", ""))
    program, answers = command[:3], [word for word in command if "=" in word]
    assert program == ["uvx", "copier", "copy"]
    given = {name: yaml.safe_load(value) for name, value in (a.split("=", 1) for a in answers)}
    usual = DEFAULT.answers | {"project_name": "My service"}
    assert given == dict((cell.answers | more).items() - usual.items())
    command = [sys.executable, "-m", *program[1:], *command[3:-1], str(tmp_path / "two")]
    subprocess.run(command, check=True, capture_output=True)
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_quiet_is_silent(template: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    copier.run_copy(str(template), tmp_path / "s", data=DEFAULT.answers, defaults=True, quiet=True)
    assert capfd.readouterr() == ("", "")
