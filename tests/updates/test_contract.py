"""Nothing that projects rely on is renamed or gone since the last release; or it says how."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from jinja2.meta import find_undeclared_variables

from tests.cells import CELLS
from tests.conftest import Render
from tests.contract import Contract, contract, questions
from tests.releases import ROOT
from tests.test_renders import files

KEPT: Contract = yaml.safe_load((ROOT / "tests" / "contract.yml").read_text())


def read_in_defaults(template: Path) -> set[str]:
    """The names that new questions look up, to take over what an older one was answered."""
    defaults = [str(question.get("default", "")) for question in questions(template).values()]
    environment = jinja2.Environment()
    return {
        name
        for default in defaults
        for name in find_undeclared_variables(environment.parse(default))
    }


def moved(template: Path) -> set[str]:
    """The paths that a release moves, by hooks/migrate.py."""
    config = yaml.safe_load((template / "copier.yml").read_text())
    commands = [migration["command"] for migration in config.get("_migrations", [])]
    return {command[-2] for command in commands if "move" in command}


def retired() -> str:
    """What the changelog says under "Upgrading" of the coming release."""
    coming = (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1]
    return coming.partition("### Upgrading")[2]


def broken(kept: Contract, now: Contract, template: Path) -> list[str]:
    """What was promised and does not hold."""
    faults = []
    for name, choices in kept["questions"].items():
        if name not in now["questions"]:
            if name not in read_in_defaults(template):
                faults.append(f"the question {name} is gone, and no default reads its answer")
            continue
        still = now["questions"][name]
        faults += [
            f"{name} cannot be {value!r} any more"
            for value in choices or []
            if still is not None and value not in still
        ]
    known = moved(template)
    for path, needs in kept["paths"].items():
        if path not in now["paths"]:
            if path not in known and f"`{path}`" not in retired():
                faults.append(
                    f"{path} is gone; move it by hooks/migrate.py, or say so in Upgrading"
                )
            continue
        for question, values in now["paths"][path].items():
            if not set(needs.get(question, [*values, object()])) <= set(values):
                faults.append(f"{path} is only there when {question} is one of {values}")
    return faults


@pytest.fixture(scope="module")
def now(template: Path, render: Render) -> Contract:
    return contract(template, {cell: set(files(render(cell))) for cell in CELLS})


def test_the_last_release_is_kept(now: Contract, template: Path) -> None:
    assert broken(KEPT, now, template) == []


def remove(contract: Contract, kind: str, name: str) -> None:
    del contract[kind][name]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda now: remove(now, "questions", "auth"), "the question auth is gone"),
        (lambda now: now["questions"]["db_driver"].remove("asyncmy"), "cannot be 'asyncmy'"),
        (lambda now: remove(now, "paths", "app/health.py"), "app/health.py is gone"),
        (lambda now: now["paths"]["app/api.py"].update(auth=[True]), "only there when auth"),
        (lambda now: now["paths"]["compose.yaml"].update(db_driver=["asyncpg"]), "only there when"),
    ],
)
def test_a_breach_is_found(now: Contract, template: Path, change: Any, fault: str) -> None:
    broken_now = deepcopy(now)
    change(broken_now)
    (found,) = broken(KEPT, broken_now, template)
    assert fault in found


def test_a_renamed_question_can_take_over_its_answer(
    now: Contract, template: Path, tmp_path: Path
) -> None:
    config = yaml.safe_load((template / "copier.yml").read_text())
    config["users"] = config.pop("auth") | {"default": "{{ auth if auth is defined else false }}"}
    (tmp_path / "copier.yml").write_text(yaml.safe_dump(config))
    renamed = deepcopy(now)
    renamed["questions"]["users"] = renamed["questions"].pop("auth")
    assert broken(KEPT, renamed, tmp_path) == []
