"""Which files an answer changes: two renders that differ in one answer differ only in these files.

A new question needs an entry here.
"""

from itertools import product
from typing import Any

import pytest

from tests.support.combinations import (
    DATABASES,
    DRIVERS,
    ID_TYPES,
    JOBS,
    SESSION_STYLES,
    Combination,
)
from tests.support.files import read_files
from tests.support.rendering import Render

# Files that any answer may change.
ANY_ANSWER = {".copier-answers.yml", "README.md"}
CHANGED_FILES = {
    "db_driver": {
        ".env.example",
        ".github/workflows/ci.yml",
        "app/api.py",
        "app/db/error_codes.py",
        "app/db/engine.py",
        "app/db/keepalive.py",
        "app/db/settings.py",
        "app/db/standby.py",
        "app/db/url.py",
        "app/db/url_parameters.py",
        "app/http/idempotency.py",
        "app/http/standby.py",
        "compose.yaml",
        "pyproject.toml",
        "dev/database.py",
        "dev/process.py",
        "dev/server.py",
        "migrations/check_names.py",
        "migrations/database.py",
        "migrations/defaults.py",
        "migrations/enum_types.py",
        "migrations/enums.py",
        "migrations/indexes.py",
        "migrations/order.py",
        "migrations/sql_text.py",
        "migrations/stages.py",
        "migrations/table_copies.py",
        "migrations/table_definitions.py",
        "tests/database.py",
        "tests/test_engine.py",
        "tests/server.py",
        "tests/test_keepalive.py",
        "tests/test_lost_connections.py",
        "tests/test_standby.py",
        "tests/test_table_copies.py",
        "tests/test_table_definitions.py",
        "tests/test_url.py",
        "tests/test_url_parameters.py",
    },
    "session_style": {"app/db/session.py", "tests/test_sessions.py"},
    "id_type": {"app/db/ids.py", "migrations/versions/items.py", "pyproject.toml"},
    "auth": {
        ".env.example",
        "Dockerfile",
        "app/cli.py",
        "app/items/models.py",
        "app/items/repository.py",
        "app/items/routes.py",
        "app/items/schemas.py",
        "app/settings.py",
        "compose.yaml",
        "docs/users.md",
        "migrations/versions/items.py",
        "migrations/versions/users.py",
        "pyproject.toml",
        "tests/conftest.py",
        "tests/items/conftest.py",
        "tests/items/test_owners.py",
    },
    "jobs": {
        ".env.example",
        "app/cli.py",
        "app/http/tasks.py",
        "app/items/tasks.py",
        "app/settings.py",
        "compose.yaml",
        "justfile",
        "migrations/versions/jobs.py",
        "pyproject.toml",
        "tests/items/test_tasks.py",
    },
    "example": {
        "app/items/__init__.py",
        "app/items/models.py",
        "app/items/repository.py",
        "app/items/routes.py",
        "app/items/schemas.py",
        "migrations/versions/items.py",
        "tests/items/__init__.py",
        "tests/items/samples.py",
        "tests/items/test_items.py",
        "tests/items/test_openapi.py",
    },
}
CHANGED_FOLDERS = {"auth": ("app/auth/", "tests/auth/"), "jobs": ("app/jobs/", "tests/jobs/")}
VALUES: dict[str, list[Any]] = {
    "db_driver": DRIVERS,
    "session_style": SESSION_STYLES,
    "id_type": ID_TYPES,
    "auth": [True, False],
    "jobs": JOBS,
    "example": [True, False],
}
# Pairs of combinations that differ in one answer.
PAIRS = [
    (question, Combination(**{question: one}), Combination(**{question: other}))
    for question, values in VALUES.items()
    for one, other in product(values, values)
    if str(one) < str(other)
]


@pytest.mark.parametrize(("question", "one", "other"), PAIRS, ids=str)
def test_answer_changes_only_its_files(
    question: str, one: Combination, other: Combination, render: Render
) -> None:
    left, right = read_files(render(one)), read_files(render(other))
    differing = {name for name in left | right if left.get(name) != right.get(name)}
    differing -= {name for name in differing if name.startswith(CHANGED_FOLDERS.get(question, "/"))}
    assert differing <= CHANGED_FILES[question] | ANY_ANSWER
    assert differing & CHANGED_FILES[question]


def test_drivers_of_one_database_differ_only_in_the_driver(render: Render) -> None:
    one, other = (
        read_files(render(Combination("asyncmy"))),
        read_files(render(Combination("aiomysql"))),
    )
    assert DATABASES["asyncmy"] == DATABASES["aiomysql"]
    differing = {name for name in one | other if one.get(name) != other.get(name)}
    assert differing == {
        ".copier-answers.yml",
        "README.md",
        "app/db/engine.py",
        "app/db/url.py",
        "app/db/url_parameters.py",
        "pyproject.toml",
    }
