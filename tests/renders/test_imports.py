"""Imports in a service point downwards: domains import `app/http/`, and that imports `app/db/`."""

import ast
from pathlib import Path

import pytest

from tests.support.combinations import Combination
from tests.support.rendering import Render

# Each part of a service, and the parts that it may import.
FOUNDATION = {"app.db", "app.errors", "app.domains"}
ALLOWED = {
    "app.root": set(),
    "app.db": {"app.db", "app.domains", "app.root"},
    "app.errors": set(),
    "app.domains": set(),
    "app.http": FOUNDATION | {"app.http"},
    "app.http.tasks": FOUNDATION | {"app.http", "app.jobs.task"},
    "app.http.commands": FOUNDATION | {"app.http", "app.settings"},
    "app.http.settings": {"app.settings"},
    "app.auth": FOUNDATION | {"app.http", "app.auth"},
    "app.auth.tasks": FOUNDATION | {"app.auth", "app.jobs.task"},
    "app.auth.commands": FOUNDATION | {"app.auth", "app.settings"},
    "app.items": FOUNDATION | {"app.http", "app.auth", "app.items"},
    "app.items.tasks": {"app.db", "app.items", "app.jobs.task"},
    "app.jobs": FOUNDATION | {"app.jobs"},
    "app.jobs.commands": FOUNDATION | {"app.jobs", "app.logging", "app.settings"},
    "app.jobs.scheduler": FOUNDATION | {"app.jobs", "app.logging", "app.settings"},
    "app.jobs.schedules": {"app.db.database", "app.auth.tasks", "app.http.tasks", "app.jobs"},
    "app.jobs.worker": FOUNDATION | {"app.jobs", "app.logging", "app.settings"},
    "app.settings": {
        "app.db.settings",
        "app.auth.settings",
        "app.http.cors",
        "app.jobs.settings",
        "app.root",
    },
    "app.logging": {"app.settings"},
    "app.metrics": {"app.db"},
    "app.telemetry": {"app.db", "app.http"},
    "app.cli": {"app.auth.commands", "app.http.commands", "app.jobs.commands", "app.main"},
    "app.api": FOUNDATION
    | {"app.http", "app.logging", "app.metrics", "app.settings", "app.telemetry"},
    "app.main": {"app.api", "app.settings"},
    "migrations": FOUNDATION | {"app.settings", "migrations"},
    "dev": {"app", "dev"},
    "tests": {"app", "dev", "migrations", "tests"},
}
PARTS = ("app", "dev", "migrations", "tests")


def module_name(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def is_in(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


def find_imports(source: str) -> set[str]:
    """Returns the modules of the service that a module imports, anywhere in its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in found if name.split(".")[0] in PARTS}


def find_upward_imports(module: str, source: str) -> list[str]:
    part = max((part for part in ALLOWED if is_in(module, part)), key=len, default=None)
    allowed = ALLOWED[part] if part else set()
    upward = [
        name for name in find_imports(source) if not any(is_in(name, other) for other in allowed)
    ]
    return [f"{module} imports {name}" for name in sorted(upward)]


@pytest.mark.parametrize("style", ["di", "scoped"])
@pytest.mark.parametrize("driver", ["aiosqlite", "asyncpg", "psycopg", "asyncmy"])
def test_imports_point_downwards(driver: str, style: str, render: Render) -> None:
    jobs = "taskiq" if style == "di" else "celery" if driver == "asyncpg" else "apscheduler"
    project = render(Combination(driver, style, auth=True, jobs=jobs))
    files = [file for part in PARTS for file in (project / part).rglob("*.py")]
    assert len(files) > 80
    found = [
        upward
        for file in files
        for upward in find_upward_imports(
            module_name(file.relative_to(project)), file.read_text(encoding="utf-8")
        )
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "source", "count"),
    [
        ("app.db.engine", "from app.http.problems import problem", 1),
        ("app.db.session", "from app.settings import Settings", 1),
        ("app.http.health", "def f():\n    import app.items.models", 1),
        ("app.items.models", "from dev.shell import main", 1),
        ("app.auth.models", "from app.items.models import Item", 1),
        ("app.items.routes", "from app.auth.dependencies import CurrentUser", 0),
        ("dev.shell", "from app.db.session import connect", 0),
    ],
)
def test_upward_import_is_found(module: str, source: str, count: int) -> None:
    assert len(find_upward_imports(module, source)) == count
