"""The shop of docs/shop.yml: a whole service from one file, on each kind of database."""

from pathlib import Path

import pytest
import yaml

from tests.generated.browser import open_page
from tests.generated.project import install_project
from tests.generated.serving import run_just_dev
from tests.support.combinations import Combination
from tests.support.commands import count_passed_tests
from tests.support.template import ROOT

SHOP = yaml.safe_load((ROOT / "docs" / "shop.yml").read_text())
SCREENSHOT = ROOT / "build" / "shop.png"  # docs/ has a copy of it
SHOPS = [
    Combination("aiosqlite", "di", "int"),
    Combination("asyncpg", "scoped", "uuid", auth=True),
    Combination("aiomysql", "scoped", "int"),
]


@pytest.mark.slow
@pytest.mark.parametrize("combination", SHOPS, ids=str)
def test_shop(combination: Combination, template: Path, environment: Path, tmp_path: Path) -> None:
    with install_project(combination, template, environment, tmp_path, **SHOP) as project:
        assert not (project.path / "app" / "items" / "models.py").exists()
        assert (project.path / "app" / "order_lines" / "routes.py").exists()
        project.run_command("uv", "run", "just", "migrate")
        assert count_passed_tests(project.run_command("uv", "run", "just", "check")) > 0
        project.run_command("uv", "run", "alembic", "check")
        if not combination.has_server:
            check_docs(project.path, project.env)


def check_docs(project: Path, env: dict[str, str]) -> None:
    """Opens Swagger UI, which has to list the five routes of each domain."""
    with run_just_dev(project, env) as address, open_page(height=1900) as page:
        page.goto(f"{address}/docs")
        for domain in SHOP["domains"]:
            section = page.locator(f"#operations-tag-{domain['name']}").locator("..")
            section.locator(".opblock").nth(4).wait_for()
        SCREENSHOT.parent.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOT)
