"""Where an answer shows: two renders that differ in one answer differ in these files, and no others.

A new question comes with its line here, or not at all.
"""

from itertools import product
from typing import Any

import pytest

from tests.cells import DRIVERS, FAMILIES, IDS, STYLES, Cell
from tests.conftest import Render
from tests.test_renders import files

EVERYWHERE = {".copier-answers.yml", "README.md"}
SEAMS = {
    "db_driver": {
        ".env.example",
        ".github/workflows/ci.yml",
        "app/db/codes.py",
        "app/db/engine.py",
        "app/db/settings.py",
        "app/db/url.py",
        "compose.yaml",
        "pyproject.toml",
        "tests/database.py",
        "tests/dev.py",
        "tests/servers.py",
    },
    "session_style": {"app/db/session.py", "tests/test_sessions.py"},
    "id_type": {"app/db/ids.py", "migrations/versions/0001_initial.py", "pyproject.toml"},
    "auth": {
        ".env.example",
        "Dockerfile",
        "app/cli.py",
        "app/items/models.py",
        "app/items/repository.py",
        "app/items/routes.py",
        "compose.yaml",
        "docs/users.md",
        "migrations/versions/0001_initial.py",
        "pyproject.toml",
        "tests/items/conftest.py",
        "tests/items/test_owners.py",
    },
    "example": {
        "app/items/__init__.py",
        "app/items/models.py",
        "app/items/repository.py",
        "app/items/routes.py",
        "migrations/versions/0001_initial.py",
        "tests/items/__init__.py",
        "tests/items/test_items.py",
    },
}
FOLDERS = {"auth": ("app/auth/", "tests/auth/")}
VALUES: dict[str, list[Any]] = {
    "db_driver": DRIVERS,
    "session_style": STYLES,
    "id_type": IDS,
    "auth": [True, False],
    "example": [True, False],
}
NEIGHBOURS = [
    (question, Cell(**{question: one}), Cell(**{question: other}))
    for question, values in VALUES.items()
    for one, other in product(values, values)
    if str(one) < str(other)
]


@pytest.mark.parametrize(("question", "one", "other"), NEIGHBOURS, ids=str)
def test_an_answer_shows_only_at_its_seam(
    question: str, one: Cell, other: Cell, render: Render
) -> None:
    left, right = files(render(one)), files(render(other))
    differing = {name for name in left | right if left.get(name) != right.get(name)}
    differing -= {name for name in differing if name.startswith(FOLDERS.get(question, "/"))}
    assert differing <= SEAMS[question] | EVERYWHERE
    assert differing & SEAMS[question]


def test_drivers_of_one_database_share_all_but_the_driver(render: Render) -> None:
    one, other = files(render(Cell("asyncmy"))), files(render(Cell("aiomysql")))
    assert FAMILIES["asyncmy"] == FAMILIES["aiomysql"]
    differing = {name for name in one | other if one.get(name) != other.get(name)}
    assert differing == {".copier-answers.yml", "README.md", "app/db/url.py", "pyproject.toml"}
