"""The pages of docs/: each of their code blocks is executed, and no link is broken."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.docs.executable_docs import execute_blocks, read_blocks
from tests.support.combinations import COMBINATIONS, DEFAULT, Combination
from tests.support.commands import count_passed_tests, run_command
from tests.support.databases import environment_variables
from tests.support.git import commit, git, make_repository
from tests.support.rendering import Render, render_project
from tests.support.template import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
# Pages about a service with other answers than the default ones.
COMBINATIONS_OF_PAGES = {
    "jobs.md": Combination(jobs="taskiq"),
    "recipes/oauth.md": Combination(auth=True),
    "recipes/admin.md": Combination(auth=True),
    "recipes/passkeys.md": Combination(auth=True),
    "recipes/second_factor.md": Combination(auth=True),
}
# Pages whose changes are made in one service, one after the other: recipes can be combined.
COMBINED_PAGES = [
    ["recipes/oauth.md", "recipes/passkeys.md", "recipes/second_factor.md"],
    ["domains.md", "sessions.md", "testing.md", "removing.md"],
    ["relations.md", "ids.md", "idempotency.md", "recipes/streaming.md", "recipes/websockets.md"],
]
SERVICES = COMBINED_PAGES + [[page] for page in PAGES if page not in sum(COMBINED_PAGES, [])]
CHECK = "uv run just check\n"
# A page may quote the files of any of these.
QUOTED = [combination for combination in COMBINATIONS if combination.example]


@pytest.mark.slow
@pytest.mark.parametrize("pages", SERVICES, ids=" ".join)
def test_code_blocks_of_docs_pages(
    pages: list[str], template: Path, render: Render, environment: Path, tmp_path: Path
) -> None:
    """The blocks run from top to bottom, but for `just check`, which runs once at the end."""
    combination = COMBINATIONS_OF_PAGES.get(pages[0], DEFAULT)
    project = render_project(template, tmp_path / "service", **combination.answers)
    make_repository(project)
    commit(project)
    env = environment_variables(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    blocks = [block for page in pages for block in read_blocks(DOCS / page)]
    if any(block.language == "sh" for block in blocks):
        run_command(project, env, "uv", "sync", "--quiet")
    blocks = [replace(block, text=block.text.replace(CHECK, "")) for block in blocks]
    execute_blocks(blocks, project, env, [render(quoted) for quoted in QUOTED])
    if ".py" in git(project, "status", "--porcelain"):
        count_passed_tests(run_command(project, env, *CHECK.split()))


def test_docs_are_built_without_warnings() -> None:
    """A broken link or anchor is a warning."""
    build = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
