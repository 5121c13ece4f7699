"""A team's edits are kept by updates and by changes of answers."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.combinations import Combination
from tests.support.files import replace_in_file
from tests.support.git import commit, git, make_repository
from tests.support.rendering import render_project
from tests.support.template import ROOT
from tests.updates.projects import (
    CUSTOMERS,
    ORDERS,
    REVISIONS,
    edit_domain,
    make_project,
    read_revisions,
    read_updated_files,
    update_project,
)
from tests.updates.releases import EARLIER_RELEASES, NEW_RELEASE, OLD_RELEASE

ORDER_MODEL = ROOT / "tests/generated/probes/order_model.py"
# Files that a team adds.
ADDED = {
    "app/orders/__init__.py": "",
    "app/orders/models.py": ORDER_MODEL.read_text(),
    "app/orders/routes.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n",
    "migrations/versions/20260101_000000_orders.py": '"""Our own."""\n\nrevision = "a1"\n',
}
# Edits of a team, in the middle of files and at their ends: path, pattern and replacement.
EDITS = [
    ("app/items/routes.py", r"(    item = await items\.create)", r'    log.info("new item")\n\1'),
    ("app/http/health.py", r"(    \"\"\"The process answers.*\n)", r'\1    log.debug("asked")\n'),
    ("app/settings.py", r"\Z", '\n    payment_url: str = "https://pay.example"\n'),
    ("pyproject.toml", r'(    "structlog[^\n]*\n)', r'\1    "stamina>=25",\n'),
    ("pyproject.toml", r'(    "prek[^\n]*\n)', r'\1    "polyfactory>=3",\n'),
    ("README.md", r"\Z", "\n## Our team\n\nAsk Ada.\n"),
    ("README.md", r"(## Migrations\n)", r"\1\nAda reads them all.\n"),
    ("compose.yaml", r"(\nvolumes:\n)", "\n  cache:\n    image: valkey/valkey:9\n\\1"),
    (".github/workflows/ci.yml", r"\Z", "      - run: uv run python -m our.audit\n"),
    ("justfile", r"(# Fix lint errors)", r"# Our own\nload:\n    wrk http://localhost\n\n\1"),
    ("migrations/versions/items.py", r"(def downgrade)", r"# applied long ago\n\1"),
]
# What each of these edits leaves in its file.
EDITED_TEXTS = [
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
BASE = Combination("asyncpg")


def edit_project(project: Path) -> dict[str, bytes]:
    """Adds, edits and deletes files as a team does. Returns the revisions."""
    for name, text in ADDED.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    for name, pattern, replacement in EDITS:
        replace_in_file(project / name, pattern, replacement)
    for name in DELETED:
        (project / name).unlink()
    commit(project, "Our work")
    return read_revisions(project)


def lost_edits(project: Path) -> list[str]:
    """Returns the edits that are gone, except those of files that are gone."""
    return [
        text
        for (name, *_), text in zip(EDITS, EDITED_TEXTS, strict=True)
        if (project / name).exists() and text not in (project / name).read_text()
    ]


def edits_of(names: set[str]) -> list[str]:
    """Returns the edits of these files."""
    return [text for (name, *_), text in zip(EDITS, EDITED_TEXTS, strict=True) if name in names]


@pytest.mark.parametrize("tag", EARLIER_RELEASES)
@pytest.mark.parametrize("auth", [False, True])
def test_update_keeps_edits(releases: Path, tmp_path: Path, tag: str, auth: bool) -> None:
    project = make_project(releases, tmp_path / "project", tag, Combination("asyncpg", auth=auth))
    before = edit_project(project)
    update_project(project)
    assert lost_edits(project) == []
    assert read_revisions(project) == before
    assert all((project / name).read_text() == text for name, text in ADDED.items())
    assert not any((project / name).exists() for name in DELETED)
    assert all((project / name).exists() for name, *_ in EDITS)
    assert "TIMEOUT = 5" in (project / "app/http/health.py").read_text()


@pytest.mark.parametrize(
    ("change", "gone"),
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
def test_changed_answer_keeps_edits(
    releases: Path, tmp_path: Path, change: dict[str, Any], gone: set[str]
) -> None:
    """The answer is changed and changed back. Edits of files that were gone in between are lost."""
    project = make_project(releases, tmp_path / "project", NEW_RELEASE, BASE)
    before = edit_project(project)
    for answers in (change, {name: BASE.answers[name] for name in change}):
        update_project(project, **answers)
        assert lost_edits(project) == ([] if answers is change else edits_of(gone))
        assert read_revisions(project) == before
        assert all((project / name).read_text() == text for name, text in ADDED.items())
        assert not any((project / name).exists() for name in DELETED)
        missing = {name for name, *_ in EDITS if not (project / name).exists()}
        assert missing == (gone if answers is change else set())


@pytest.mark.parametrize(
    "change",
    [
        {"auth": True},
        {"db_driver": "aiosqlite"},
        {"domains": [CUSTOMERS, ORDERS]},
        {"domains": [CUSTOMERS | {"fields": [*CUSTOMERS["fields"], "due:date:null", "size:int"]}]},
    ],
    ids=str,
)
def test_edits_of_a_generated_domain(
    releases: Path, template: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    """The result is that of a new project with the edits, also after the change is undone."""
    start = BASE.answers | {"domains": [CUSTOMERS]}
    project = make_project(releases, tmp_path / "project", NEW_RELEASE, BASE, domains=[CUSTOMERS])
    edit_domain(project)
    commit(project, "Our work")
    for number, answers in enumerate((change, {name: start[name] for name in change})):
        update_project(project, **answers)
        new = render_project(template, tmp_path / str(number), **start | answers)
        edit_domain(new)
        assert read_updated_files(project) == read_updated_files(new)


@pytest.mark.parametrize("place", ["middle", "end"])
def test_changed_answer_keeps_lines_of_env_example(
    releases: Path, tmp_path: Path, place: str
) -> None:
    """Adding or removing users adds or removes lines of the file, and keeps the lines of the team."""
    project = make_project(releases, tmp_path / "project", NEW_RELEASE, BASE)
    example = project / ".env.example"
    patterns = {"middle": r"(?=# auto: )", "end": r"\Z"}
    replace_in_file(example, patterns[place], "\n# Our shop.\n#SHOP_URL=\n\n")
    commit(project, "Our setting")
    for auth in (True, False):
        update_project(project, auth=auth)
        assert "\n# Our shop.\n#SHOP_URL=\n" in example.read_text()
        assert ("#SECRET_KEY=" in example.read_text()) is auth


@pytest.mark.parametrize("tag", EARLIER_RELEASES)
def test_update_does_not_restore_squashed_revisions(
    releases: Path, tmp_path: Path, tag: str
) -> None:
    project = make_project(releases, tmp_path / "project", tag, BASE)
    (project / REVISIONS / "idempotency_keys.py").unlink()
    (project / REVISIONS / "items.py").rename(project / REVISIONS / "squashed.py")
    commit(project, "One revision for all")
    before = read_revisions(project)
    update_project(project)
    update_project(project, auth=True)
    assert read_revisions(project) == before
    assert list(before) == ["squashed.py"]


def test_copy_and_update_leave_git_alone(releases: Path, tmp_path: Path) -> None:
    """Neither a copy into a repository nor an update commits, stages or configures anything."""
    project = tmp_path / "project"
    make_repository(project)
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
    make_project(releases, project, OLD_RELEASE, BASE, commits=False)
    assert state() == before
    commit(project, "A service")
    before = state()
    update_project(project, commits=False)
    assert state() == before
    assert (project / "NOTES").read_text() == "ours\n"
