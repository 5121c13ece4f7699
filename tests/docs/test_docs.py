"""What is written for people: true, in that each of its blocks is carried out."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cells import CELLS, DEFAULT, Cell
from tests.conftest import Render, run_copier
from tests.databases import environment_of
from tests.pages import blocks, carry_out
from tests.releases import ROOT, commit, git
from tests.steps import passed, step

DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
# Where a page is about a service with other answers than the usual ones.
ABOUT = {
    "recipes/oauth.md": Cell(auth=True),
    "recipes/admin.md": Cell(auth=True),
}
CHECK = "uv run just check"
# One for each kind of file that a page may quote.
QUOTED = [cell for cell in CELLS if cell.example]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_is_carried_out(
    page: str, template: Path, render: Render, environment: Path, tmp_path: Path
) -> None:
    cell = ABOUT.get(page, DEFAULT)
    project = run_copier(template, tmp_path / "service", **cell.answers)
    git(project.parent, "init", "--quiet", str(project))
    commit(project)
    env = environment_of(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    commands = "".join(block.text for block in blocks(DOCS / page) if block.language == "sh")
    if commands:
        step(project, env, "uv", "sync", "--quiet")
    carry_out(DOCS / page, project, env, [render(quoted) for quoted in QUOTED])
    if ".py" in git(project, "status", "--porcelain") and CHECK not in commands:
        passed(step(project, env, *CHECK.split()))


def test_the_pages_are_built_without_a_warning() -> None:
    """Links and anchors that lead nowhere are warnings."""
    build = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
