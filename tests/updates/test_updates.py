"""A project that was made earlier: updated, it is as one made now."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import copier
import pytest
import yaml

from tests.cells import DEFAULT, UPDATED, Cell
from tests.conftest import Render
from tests.projects import ANSWERS, content, make, update
from tests.releases import OLD, RELEASES, THIS, copy_tree, git, release

# Every answer, one at a time, there and back.
SWITCHES: list[dict[str, Any]] = [
    *({"db_driver": driver} for driver in ("asyncpg", "psycopg", "asyncmy", "aiomysql")),
    {"session_style": "scoped"},
    {"id_type": "int"},
    {"auth": True},
    {"example": False},
    {"project_name": 'Another "name"'},
    {"db_driver": "aiosqlite"},
    {"project_name": "My service"},
    {"example": True},
    {"auth": False},
    {"id_type": "uuid"},
    {"session_style": "di"},
]


@pytest.mark.slow
@pytest.mark.parametrize("tag", RELEASES)
@pytest.mark.parametrize("cell", UPDATED, ids=str)
def test_an_update_is_as_good_as_a_new_project(
    cell: Cell, tag: str, releases: Path, render: Render, tmp_path: Path
) -> None:
    project = make(releases, tmp_path / "project", tag, cell)
    assert tag != OLD or content(project) != content(render(cell))
    update(project)
    assert content(project) == content(render(cell))
    assert yaml.safe_load((project / ANSWERS).read_text())["_commit"] == THIS


def test_a_release_that_asked_for_less(render: Render, tmp_path: Path) -> None:
    """Its answers are all that the new one knows while it looks what has changed since."""

    def make_least(tree: Path) -> None:
        copy_tree(tree)
        config = yaml.safe_load((tree / "copier.yml").read_text())
        kept = {name: config[name] for name in ("_subdirectory", "_envops", "project_name")}
        (tree / "copier.yml").write_text(yaml.safe_dump(kept))
        for path in (tree / "template").iterdir():
            if path.name not in {"justfile", "{{ _copier_conf.answers_file }}.jinja"}:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    repository = tmp_path / "template"
    git(tmp_path, "init", "--quiet", str(repository))
    release(repository, "v0.0.1", make_least)
    release(repository, "v0.0.2", copy_tree)
    project = make(repository, tmp_path / "project", "v0.0.1", None)
    update(project)
    assert content(project) == content(render(DEFAULT))


@pytest.mark.slow
def test_any_answer_can_change_there_and_back(
    releases: Path, template: Path, tmp_path: Path
) -> None:
    project = make(releases, tmp_path / "project", THIS, DEFAULT)
    answers: dict[str, Any] = {"project_name": "My service", **DEFAULT.answers}
    begin = content(project)
    for number, switch in enumerate(SWITCHES):
        answers |= switch
        update(project, **switch)
        new = tmp_path / str(number)
        copier.run_copy(str(template), new, data=answers, defaults=True, quiet=True)
        assert content(project) == content(new), switch
    assert content(project) == begin


REVISION = "uv run just revision"
MIGRATE = "uv run just migrate"
SAYS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({}, {"session_style": "scoped"}, []),
    ({"db_driver": "asyncpg"}, {"db_driver": "psycopg"}, []),
    ({}, {"auth": True}, [f'{REVISION} "add users"', MIGRATE, "create-superuser", "SECRET_KEY"]),
    ({"auth": True}, {"auth": False}, ["drops users with all rows", f'{REVISION} "drop users"']),
    ({}, {"example": False}, ["drops items with all rows", f'{REVISION} "drop items"', MIGRATE]),
    ({"example": False}, {"example": True}, [f'{REVISION} "add items"', MIGRATE]),
    ({}, {"auth": True, "example": False}, [f'{REVISION} "add users, drop items"', MIGRATE]),
    ({}, {"id_type": "int"}, ["no migration", "rm migrations/versions", f'{REVISION} "initial"']),
    ({}, {"db_driver": "asyncpg"}, ["PostgreSQL now", "alembic upgrade head", "not moved"]),
    ({"db_driver": "asyncmy"}, {"db_driver": "aiosqlite"}, ["SQLite now", "sqlite:///app.db"]),
]
ADVICE = ("just revision", "upgrade head", "rm ", "create-superuser", "SECRET_KEY")


@pytest.mark.parametrize(("start", "switch", "says"), SAYS, ids=str)
def test_an_update_says_what_the_change_needs(
    releases: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    start: dict[str, Any],
    switch: dict[str, Any],
    says: list[str],
) -> None:
    project = make(releases, tmp_path / "project", THIS, replace(DEFAULT, **start))
    update(project, quiet=False, **switch)
    message = capsys.readouterr().err
    assert [text for text in says if text not in message] == []
    assert says or not [text for text in ADVICE if text in message], message
    assert max(len(line) for line in message.splitlines()) <= 80
    update(project, **start)
    assert capsys.readouterr().err == ""
