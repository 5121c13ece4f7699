"""The README of the template, and what a project's own README and chapters say of it."""

import re
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from markdown_it import MarkdownIt

from tests.cells import CELLS, Cell
from tests.conftest import Render, run_copier
from tests.databases import environment_of
from tests.faults import JSON
from tests.pages import blocks
from tests.recipes import dev
from tests.releases import ROOT, edit
from tests.steps import step

# What stands around the code of a README, in a domain that somebody adds.
PREAMBLE = {
    "di": "from app.db.session import SessionDep, connect",
    "scoped": "from app.db.session import connect, db",
}
ORDERS = """\
from fastapi import APIRouter
from sqlmodel import Field

from app.db.ids import HasId, Id
{imports}
from app.settings import Settings

router = APIRouter(prefix="/orders")


class Order(HasId, table=True):
    __tablename__ = "orders"

    name: str = Field(max_length=20)


"""
READ_ONE = """\
import asyncio
from fastapi.testclient import TestClient
from sqlmodel import select
from app.db.session import connect
from app.main import app
from app.orders.routes import Order, nightly
from app.settings import Settings
asyncio.run(nightly())
async def only() -> Order:
    async with connect(Settings()) as db, db.unit(read_only=True) as session:
        return (await session.exec(select(Order))).one()
order = asyncio.run(only())
with TestClient(app) as client:
    assert client.get(f"/orders/{order.id}").json()["name"] == "nightly"
"""
USERS = """\
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import SQLModel

from app.auth.backends import CurrentUser, current_user
from app.auth.models import User

router = APIRouter(dependencies=[Depends(current_user)])


class Report(SQLModel):
    name: str


"""


def python(page: Path) -> str:
    return "\n\n".join(block.text for block in blocks(page) if block.language == "python")


@pytest.mark.slow
def test_the_readmes_commands_make_a_service_that_answers(
    releases: Path, environment: Path, tmp_path: Path
) -> None:
    first = next(blocks(ROOT / "README.md"))
    *made, served = [line.partition(" #")[0].strip() for line in first.text.splitlines()]
    assert served == "uv run just dev"
    env = environment_of(environment)
    commands = "\n".join(made)
    for shown, here in {
        "uvx copier": f"{sys.executable} -m copier",
        "gh:OWNER/fastapi-service-template": f"--defaults {releases}",
    }.items():
        assert shown in commands
        commands = commands.replace(shown, here)
    step(tmp_path, env, "sh", "-euc", commands)
    with dev(tmp_path / "my-service", env) as address:
        created = urlopen(Request(f"{address}/items", b'{"name": "Lamp"}', JSON))
        assert created.status == 201
        created.close()


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_readme_fits_its_project(cell: Cell, render: Render) -> None:
    project = render(cell)
    assert [link for page in project.rglob("*.md") for link in dead_links(page)] == []
    readme = (project / "README.md").read_text()
    recipes = re.findall(
        r"^([a-z-]+)(?: [*a-z]+)*:", (project / "justfile").read_text(), re.MULTILINE
    )
    for row in re.findall(r"^\| `([a-z-]+)", readme, re.MULTILINE):
        assert row in [*recipes, "uv"], row
    assert listed(readme), "there is no tree"
    assert [name for name in listed(readme) if not (project / name).exists()] == []


def test_the_templates_own_pages_lead_somewhere() -> None:
    assert [link for page in ROOT.glob("*.md") for link in dead_links(page)] == []


def dead_links(page: Path) -> list[str]:
    """The links and pictures that are not there."""
    children = [
        child for token in MarkdownIt().parse(page.read_text()) for child in token.children or []
    ]
    targets = [str(child.attrs.get("href", child.attrs.get("src", ""))) for child in children]
    inside = [target for target in targets if target and "://" not in target]
    return [target for target in inside if not (page.parent / target).exists()]


def listed(readme: str) -> list[str]:
    """The files and folders below "What is where"."""
    tree = readme.partition("## What is where\n\n```\n")[2].partition("```")[0]
    names: list[str] = []
    above: list[str] = []
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [line.split()[0]]
        names.append("".join(above))
    return names


@pytest.mark.slow
@pytest.mark.parametrize("style", ["di", "scoped"])
def test_the_code_of_a_projects_readme_works(
    style: str, template: Path, environment: Path, tmp_path: Path
) -> None:
    project = run_copier(template, tmp_path / "service", session_style=style)
    env = environment_of(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    (project / "app/orders").mkdir()
    orders = ORDERS.format(imports=PREAMBLE[style]) + python(project / "README.md")
    (project / "app/orders/routes.py").write_text(orders)
    found = 'from app.orders.routes import Order\n\n__all__ = ["Order"]\n'  # where Alembic looks
    (project / "app/orders/models.py").write_text(found)
    step(project, env, "uv", "sync", "--quiet")
    for command in (
        ["migrate"],
        ["revision", "orders"],
        ["migrate"],
        ["lint"],
        ["format", "types"],
    ):
        step(project, env, "uv", "run", "just", *command)
    step(project, env, "uv", "run", "python", "-W", "error", "-c", READ_ONE)


@pytest.mark.slow
def test_the_code_about_users_works(template: Path, environment: Path, tmp_path: Path) -> None:
    project = run_copier(template, tmp_path / "service", auth=True)
    env = environment_of(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    page = project / "docs/users.md"
    column = re.search(r"`(role: .*?)`", page.read_text())
    assert column is not None
    models = project / "app/auth/models.py"
    edit(models, "    is_verified: bool = False\n", rf"\g<0>    {column[1]}\n")
    (project / "app/reports").mkdir()
    (project / "app/reports/routes.py").write_text(USERS + python(page))
    step(project, env, "uv", "sync", "--quiet")
    step(project, env, "uv", "run", "just", "lint", "format", "types")
    step(project, env, "uv", "run", "python", "-W", "error", "-c", "import app.main")
