"""Every combination as text: clean, the same each time, and nothing of the template in it."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest
from copier.errors import CopierError
from jinja2 import UndefinedError

from tests.cells import CELLS, DEFAULT, Cell
from tests.conftest import Render, run_copier

LIMIT = 150  # lines of a file
AUTH_LIMIT = 600  # lines of code, without blank ones, comments and docstrings
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
JINJA = re.compile(r"(?<!\$)\{\{|\{%|%\}|\{#")


def files(project: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(project)): path.read_bytes()
        for path in sorted(project.rglob("*"))
        if path.is_file() and not {"__pycache__", ".ruff_cache", ".git"} & set(path.parts)
    }


@pytest.fixture(scope="module")
def all_renders(render: Render) -> list[Path]:
    return [render(cell) for cell in CELLS]


def test_all_are_linted_and_formatted(all_renders: list[Path]) -> None:
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *all_renders],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_render(cell: Cell, render: Render) -> None:
    rendered = files(render(cell))
    for name, content in rendered.items():
        text = content.decode()
        assert not name.endswith(".jinja")
        assert not JINJA.search(text) or name == "justfile", name
        assert "\n\n\n\n" not in text, f"a scar of blank lines in {name}"
        assert text == "" or text.endswith("\n"), name
        if name.endswith(".py"):
            assert len(text.splitlines()) <= LIMIT, name
    assert not [name for name in rendered if re.match(r"(\.git/|copier|variants|hooks)", name)]
    assert ".env" not in rendered
    assert ("app/items/routes.py" in rendered) == cell.example


@pytest.mark.parametrize("cell", [DEFAULT, CELLS[-1]], ids=str)
def test_a_second_render_has_the_same_bytes(
    cell: Cell, render: Render, template: Path, tmp_path: Path
) -> None:
    again = run_copier(template, tmp_path / "project", **cell.answers)
    assert files(again) == files(render(cell))


def test_no_rendered_file_is_ignored_by_git(render: Render, tmp_path: Path) -> None:
    project = render(DEFAULT)
    names = "\n".join(files(project))
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_bytes((project / ".gitignore").read_bytes())
    ignored = subprocess.run(
        ["git", "-C", tmp_path, "check-ignore", "--no-index", "--stdin"],
        input=names,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ignored.stdout == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Copier's scandir
def test_an_unknown_variable_fails(template: Path, tmp_path: Path) -> None:
    broken = tmp_path / "template"
    (broken / "template").mkdir(parents=True)
    (broken / "copier.yml").write_bytes((template / "copier.yml").read_bytes())
    (broken / "template" / "file.jinja").write_text("{{ project_nmae }}")
    with pytest.raises((UndefinedError, CopierError), match="project_nmae"):
        run_copier(broken, tmp_path / "project")
    assert not (tmp_path / "project").exists()


def test_few_branches_in_the_files(template: Path) -> None:
    """Whole variants, and values that are printed; a file full of branches is nobody's to read."""
    branches = [
        f"{path.relative_to(template)}: {tag}"
        for folder in ("template", "variants")
        for path in (template / folder).rglob("*")
        if path.is_file()
        for tag in re.findall(r"\{%-? *(?:if|elif|else)\b.*?%\}", path.read_text())
    ]
    assert len(branches) <= 12, branches


def lines_of_code(source: str) -> int:
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT and token.type != tokenize.ENDMARKER:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(lines)


def test_users_are_little_code(render: Render) -> None:
    """What a team takes over with `auth=true`, and has to understand one day."""
    folder = render(next(cell for cell in CELLS if cell.auth)) / "app/auth"
    assert sum(lines_of_code(path.read_text()) for path in folder.glob("*.py")) < AUTH_LIMIT
