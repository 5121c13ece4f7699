"""An updated project is the same as a new one, and the message says what a team has to do."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.combinations import DEFAULT, UPDATED, Combination
from tests.support.git import make_repository
from tests.support.rendering import Render, render_project
from tests.support.template import copy_template, read_config
from tests.updates.projects import make_project, read_answers, read_updated_files, update_project
from tests.updates.releases import EARLIER_RELEASES, NEW_RELEASE, OLD_RELEASE, add_release

# Each answer is changed, one at a time, and changed back.
CUSTOMERS = {"name": "customers", "fields": ["name:str:200:unique"]}
ORDERS = {"name": "orders", "fields": ["number:int", "customer:ref:customers"]}
CHANGES: list[dict[str, Any]] = [
    {"domains": [CUSTOMERS, ORDERS]},
    *({"db_driver": driver} for driver in ("asyncpg", "psycopg", "asyncmy", "aiomysql")),
    {"session_style": "scoped"},
    {"id_type": "int"},
    {"auth": True},
    {"jobs": "taskiq"},
    {"jobs": "celery"},
    {"jobs": "apscheduler"},
    {"example": False},
    {"project_name": 'Another "name"'},
    {"db_driver": "aiosqlite"},
    {"project_name": "My service"},
    {"domains": []},
    {"example": True},
    {"jobs": "none"},
    {"auth": False},
    {"id_type": "uuid"},
    {"session_style": "di"},
]


@pytest.mark.slow
@pytest.mark.parametrize("tag", EARLIER_RELEASES)
@pytest.mark.parametrize("combination", UPDATED, ids=str)
def test_updated_project_equals_new_project(
    combination: Combination, tag: str, releases: Path, render: Render, tmp_path: Path
) -> None:
    new = read_updated_files(render(combination))
    project = make_project(releases, tmp_path / "project", tag, combination)
    assert tag != OLD_RELEASE or read_updated_files(project) != new
    update_project(project)
    assert read_updated_files(project) == new
    assert read_answers(project)["_commit"] == NEW_RELEASE


def test_update_from_release_with_fewer_questions(render: Render, tmp_path: Path) -> None:
    """Copier reads the new release also with the answers of the old one, which are fewer."""

    def write_smallest_release(tree: Path) -> None:
        copy_template(tree)
        config = read_config(tree)
        kept = {name: config[name] for name in ("_subdirectory", "_envops", "project_name")}
        (tree / "copier.yml").write_text(yaml.safe_dump(kept))
        for path in (tree / "template").iterdir():
            if path.name != "{{ _copier_conf.answers_file }}.jinja":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        (tree / "template" / "justfile").write_text("dev:\n    fastapi dev\n")

    repository = tmp_path / "template"
    make_repository(repository)
    add_release(repository, "v0.0.1", write_smallest_release)
    add_release(repository, "v0.0.2", copy_template)
    project = make_project(repository, tmp_path / "project", "v0.0.1", DEFAULT)
    update_project(project)
    assert read_updated_files(project) == read_updated_files(render(DEFAULT))


@pytest.mark.slow
def test_update_can_change_each_answer_and_back(
    releases: Path, template: Path, tmp_path: Path
) -> None:
    project = make_project(releases, tmp_path / "project", NEW_RELEASE, DEFAULT)
    answers = DEFAULT.answers
    first = read_updated_files(project)
    for number, change in enumerate(CHANGES):
        answers |= change
        update_project(project, **change)
        new = render_project(template, tmp_path / str(number), **answers)
        assert read_updated_files(project) == read_updated_files(new), change
    assert read_updated_files(project) == first


REVISION = "uv run just revision"
MIGRATE = "uv run just migrate"
# Answers, changed answers, and what the message after the update has to contain.
MESSAGES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({}, {}, []),
    ({}, {"session_style": "scoped"}, []),
    ({"db_driver": "asyncpg"}, {"db_driver": "psycopg"}, []),
    ({}, {"auth": True}, [f'{REVISION} "add users"', MIGRATE, "create-superuser", "SECRET_KEY"]),
    (
        {"auth": True},
        {"auth": False},
        ["drops users and all their rows", f'{REVISION} "drop users"'],
    ),
    (
        {},
        {"example": False},
        ["drops items and all their rows", f'{REVISION} "drop items"', MIGRATE],
    ),
    ({"example": False}, {"example": True}, [f'{REVISION} "add items"', MIGRATE]),
    ({}, {"jobs": "taskiq"}, [f'{REVISION} "add jobs"', MIGRATE, "BROKER_URL"]),
    ({}, {"jobs": "apscheduler"}, [f'{REVISION} "add jobs"', MIGRATE, "JOB_WORKER"]),
    ({"jobs": "taskiq"}, {"jobs": "celery"}, []),
    (
        {"jobs": "taskiq"},
        {"jobs": "none"},
        ["drops jobs and all", f'{REVISION} "drop jobs"', "`manage jobs list`"],
    ),
    ({}, {"auth": True, "example": False}, [f'{REVISION} "add users, drop items"', MIGRATE]),
    ({}, {"id_type": "int", "auth": True}, ["No migration", "create-superuser", "SECRET_KEY"]),
    ({}, {"id_type": "int"}, ["No migration", "rm migrations/versions", f'{REVISION} "initial"']),
    (
        {},
        {"db_driver": "asyncpg"},
        ["now PostgreSQL", "alembic upgrade head", "no rows are copied"],
    ),
    ({"db_driver": "asyncmy"}, {"db_driver": "aiosqlite"}, ["now SQLite", "sqlite:///app.db"]),
]
INSTRUCTIONS = ("just revision", "upgrade head", "rm ", "create-superuser", "SECRET_KEY")


@pytest.mark.parametrize(("start", "change", "expected"), MESSAGES, ids=str)
def test_update_message_says_what_to_do(
    releases: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    start: dict[str, Any],
    change: dict[str, Any],
    expected: list[str],
) -> None:
    project = make_project(releases, tmp_path / "project", NEW_RELEASE, replace(DEFAULT, **start))
    update_project(project, quiet=False, **change)
    message = capsys.readouterr().err
    assert [text for text in expected if text not in message] == []
    assert expected or not [text for text in INSTRUCTIONS if text in message], message
    assert max(len(line) for line in message.splitlines()) <= 80
    update_project(project, **start)
    assert capsys.readouterr().err == ""


def test_update_message_names_domains(
    releases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(releases, tmp_path / "project", NEW_RELEASE, DEFAULT)
    invoices = CUSTOMERS | {"name": "invoices"}
    priced = ORDERS | {"fields": [*ORDERS["fields"], "price:decimal:10:2:null"]}
    for domains, expected in (
        ([CUSTOMERS, ORDERS], '"add customers, add orders"'),
        ([CUSTOMERS, priced], '"change orders"'),
        ([CUSTOMERS, invoices], '"add invoices, drop orders"'),
    ):
        update_project(project, quiet=False, domains=domains)
        message = capsys.readouterr().err
        assert f"\n  {REVISION} {expected}\n  {MIGRATE}\n" in message
        assert ("drops orders and all their rows." in message) is ("drop" in expected)
