"""What a team has written stays, through updates and changes of answers."""

from pathlib import Path
from typing import Any

import pytest

from tests.cells import Cell
from tests.projects import REVISIONS, make, revisions, update
from tests.releases import OLD, RELEASES, THIS, commit, edit, git

ORDERS = {
    "app/orders/__init__.py": "",
    "app/orders/models.py": (Path(__file__).parent / "probes" / "orders.py").read_text(),
    "app/orders/routes.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n",
    "migrations/versions/20260101_000000_orders.py": '"""Our own."""\n\nrevision = "a1"\n',
}
# A file, what is there, and what a team makes of it: in the middle of a file, and at its end.
EDITS = [
    ("app/items/routes.py", r"(    item = await items\.add)", r'    log.info("new item")\n\1'),
    ("app/health.py", r"(    \"\"\"The process answers\.\"\"\"\n)", r'\1    log.debug("asked")\n'),
    ("app/settings.py", r"\Z", '\n    payment_url: str = "https://pay.example"\n'),
    ("pyproject.toml", r'(    "typer[^\n]*\n)', r'\1    "stamina>=25",\n'),
    ("pyproject.toml", r'(    "prek[^\n]*\n)', r'\1    "polyfactory>=3",\n'),
    ("README.md", r"\Z", "\n## Our team\n\nAsk Ada.\n"),
    ("README.md", r"(## Migrations\n)", r"\1\nAda reads them all.\n"),
    ("compose.yaml", r"(\nvolumes:\n)", "\n  cache:\n    image: valkey/valkey:9\n\\1"),
    (".github/workflows/ci.yml", r"\Z", "      - run: uv run python -m our.audit\n"),
    ("justfile", r"(# Mend what ruff can)", r"# Our own\nload:\n    wrk http://localhost\n\n\1"),
    ("migrations/versions/0001_initial.py", r"(def downgrade)", r"# applied long ago\n\1"),
]
MINE = [
    'log.info("new item")',
    'log.debug("asked")',
    "payment_url",
    '"stamina>=25",',
    '"polyfactory>=3",',
    "Ask Ada.",
    "Ada reads them all.",
    "valkey/valkey:9",
    "our.audit",
    "wrk http://localhost",
    "# applied long ago",
]
DELETED = [".github/dependabot.yml", "Dockerfile"]
BASE = Cell("asyncpg")


def work_on(project: Path) -> dict[str, bytes]:
    """What a team does to its project; the revisions, as they are then."""
    for name, text in ORDERS.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    for name, pattern, replacement in EDITS:
        edit(project / name, pattern, replacement)
    for name in DELETED:
        (project / name).unlink()
    commit(project, "Our work")
    return revisions(project)


def lost(project: Path) -> list[str]:
    """The edits that are no longer there, but for files that the project no longer has."""
    return [
        mine
        for (name, *_), mine in zip(EDITS, MINE, strict=True)
        if (project / name).exists() and mine not in (project / name).read_text()
    ]


def mine_in(names: set[str]) -> list[str]:
    return [mine for (name, *_), mine in zip(EDITS, MINE, strict=True) if name in names]


@pytest.mark.parametrize("tag", RELEASES)
@pytest.mark.parametrize("auth", [False, True])
def test_an_update_loses_no_edit(releases: Path, tmp_path: Path, tag: str, auth: bool) -> None:
    project = make(releases, tmp_path / "project", tag, Cell("asyncpg", auth=auth))
    before = work_on(project)
    update(project)
    assert lost(project) == []
    assert revisions(project) == before
    assert all((project / name).read_text() == text for name, text in ORDERS.items())
    assert not any((project / name).exists() for name in DELETED)
    assert all((project / name).exists() for name, *_ in EDITS)
    assert "TIMEOUT = 5" in (project / "app/health.py").read_text()


@pytest.mark.parametrize(
    ("switch", "gone"),
    [
        ({"auth": True}, set()),
        ({"session_style": "scoped"}, set()),
        ({"id_type": "int"}, set()),
        ({"db_driver": "psycopg"}, set()),
        ({"db_driver": "asyncmy"}, set()),
        ({"example": False}, {"app/items/routes.py"}),
        ({"db_driver": "aiosqlite"}, {"compose.yaml"}),
    ],
    ids=str,
)
def test_a_changed_answer_loses_no_edit(
    releases: Path, tmp_path: Path, switch: dict[str, Any], gone: set[str]
) -> None:
    project = make(releases, tmp_path / "project", THIS, BASE)
    before = work_on(project)
    for answers in (switch, {name: BASE.answers[name] for name in switch}):
        update(project, **answers)
        assert lost(project) == ([] if answers is switch else mine_in(gone))
        assert revisions(project) == before
        assert all((project / name).read_text() == text for name, text in ORDERS.items())
        assert not any((project / name).exists() for name in DELETED)
        missing = {name for name, *_ in EDITS if not (project / name).exists()}
        assert missing == (gone if answers is switch else set())


@pytest.mark.parametrize("tag", RELEASES)
def test_revisions_that_were_squashed_stay_away(releases: Path, tmp_path: Path, tag: str) -> None:
    project = make(releases, tmp_path / "project", tag, BASE)
    (project / REVISIONS / "0001_initial.py").rename(project / REVISIONS / "squashed.py")
    commit(project, "One revision for all")
    before = revisions(project)
    update(project)
    update(project, auth=True)
    assert revisions(project) == before
    assert list(before) == ["squashed.py"]


def test_git_is_the_teams_own(releases: Path, tmp_path: Path) -> None:
    """Neither a copy into a repository nor an update commits, stages or configures anything."""
    project = tmp_path / "project"
    git(tmp_path, "init", "--quiet", str(project))
    git(project, "remote", "add", "origin", "https://example.com/ours.git")
    git(project, "config", "user.nickname", "Ada")
    (project / "NOTES").write_text("ours\n")
    commit(project, "Before the service")

    def state() -> list[str]:
        commands = ["rev-parse HEAD", "branch --all", "remote --verbose", "config --local --list"]
        commands += ["stash list", "log --format=%H%s", "ls-files --stage", "tag"]
        hooks = sorted(path.name for path in (project / ".git" / "hooks").iterdir())
        return [git(project, *command.split()) for command in commands] + hooks

    before = state()
    make(releases, project, OLD, BASE, commits=False)
    assert state() == before
    commit(project, "A service")
    before = state()
    update(project, commits=False)
    assert state() == before
    assert (project / "NOTES").read_text() == "ours\n"
