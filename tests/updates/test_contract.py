"""No question, choice or path of the last release is gone, unless the release handles it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from tests.support.combinations import COMBINATIONS
from tests.support.files import read_files
from tests.support.rendering import Render
from tests.support.template import ROOT, read_config, read_questions
from tests.updates.contract import CONTRACT_FILE, Contract, make_contract

PROMISED: Contract = yaml.safe_load(CONTRACT_FILE.read_text())


def names_read_by_defaults(template: Path) -> set[str]:
    """Returns the names that defaults of questions read, to take over the answer to an older one."""
    defaults = [str(question.get("default", "")) for question in read_questions(template).values()]
    environment = jinja2.Environment()
    return {
        name.name
        for default in defaults
        for name in environment.parse(default).find_all(jinja2.nodes.Name)
    }


def moved_paths(template: Path) -> set[str]:
    """Returns the paths that a release moves by hooks/migrate.py."""
    migrations = read_config(template).get("_migrations", [])
    commands = [migration["command"] for migration in migrations]
    return {command[-2] for command in commands if "move" in command}


def upgrading_notes() -> str:
    """Returns the changelog's section "Upgrading" of the coming release."""
    coming = (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1]
    return coming.partition("### Upgrading")[2]


def find_broken_promises(promised: Contract, now: Contract, template: Path) -> list[str]:
    found = []
    for name, choices in promised["questions"].items():
        if name not in now["questions"]:
            if name not in names_read_by_defaults(template):
                found.append(f"the question {name} is gone, and no default reads its answer")
            continue
        choices_now = now["questions"][name]
        found += [
            f"{name} cannot be {value!r} any more"
            for value in choices or []
            if choices_now is not None and value not in choices_now
        ]
    moved = moved_paths(template)
    for path, answers in promised["paths"].items():
        if path not in now["paths"]:
            if path not in moved and f"`{path}`" not in upgrading_notes():
                found.append(
                    f"{path} is gone: move it by hooks/migrate.py, or name it under Upgrading"
                )
            continue
        for question, values in now["paths"][path].items():
            if not set(answers.get(question, [*values, object()])) <= set(values):
                found.append(f"{path} is only there when {question} is one of {values}")
    return found


@pytest.fixture(scope="module")
def now(template: Path, render: Render) -> Contract:
    """What the working tree promises."""
    rendered = {combination: set(read_files(render(combination))) for combination in COMBINATIONS}
    return make_contract(template, rendered)


def test_contract_of_last_release_is_kept(now: Contract, template: Path) -> None:
    assert find_broken_promises(PROMISED, now, template) == []


def remove(contract: Contract, kind: str, name: str) -> None:
    del contract[kind][name]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda now: remove(now, "questions", "auth"), "the question auth is gone"),
        (lambda now: now["questions"]["db_driver"].remove("asyncmy"), "cannot be 'asyncmy'"),
        (lambda now: remove(now, "paths", "app/http/health.py"), "app/http/health.py is gone"),
        (lambda now: now["paths"]["app/api.py"].update(auth=[True]), "only there when auth"),
        (lambda now: now["paths"]["compose.yaml"].update(db_driver=["asyncpg"]), "only there when"),
    ],
    ids=["question", "choice", "path", "path with users only", "path of one driver only"],
)
def test_broken_contract_is_found(now: Contract, template: Path, change: Any, message: str) -> None:
    broken = deepcopy(now)
    change(broken)
    (found,) = find_broken_promises(PROMISED, broken, template)
    assert message in found


def test_renamed_question_may_read_the_old_answer(
    now: Contract, template: Path, tmp_path: Path
) -> None:
    config = read_config(template)
    config["users"] = config.pop("auth") | {"default": "{{ auth if auth is defined else false }}"}
    (tmp_path / "copier.yml").write_text(yaml.safe_dump(config))
    renamed = deepcopy(now)
    renamed["questions"]["users"] = renamed["questions"].pop("auth")
    assert find_broken_promises(PROMISED, renamed, tmp_path) == []
