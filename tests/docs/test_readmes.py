"""The template's README, and the README and docs of each project: commands, code and links work."""

import re
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from markdown_it import MarkdownIt

from tests.docs.executable_docs import execute_block, read_blocks
from tests.docs.test_docs import PAGES
from tests.generated.serving import JSON_HEADERS, run_just_dev
from tests.support.combinations import (
    COMBINATIONS,
    FAULT_INJECTED,
    FUZZED,
    WITH_JOBS,
    WITHOUT_EXAMPLE,
    Combination,
)
from tests.support.commands import count_passed_tests, run_command, run_failing_command
from tests.support.databases import environment_variables
from tests.support.files import replace_in_file
from tests.support.rendering import Render, render_project
from tests.support.template import ROOT
from tests.updates.scenarios import SCENARIOS

# The imports that the code of a README needs, in a domain that a team adds.
IMPORTS = {
    "di": "from app.db.session import SessionDep, connect",
    "scoped": "from app.db.session import connect, db",
}
ORDERS = """\
from fastapi import APIRouter
from sqlmodel import Field

from app.db.ids import HasId, Id
{imports}
from app.settings import read_settings

router = APIRouter(prefix="/orders")


class Order(HasId, table=True):
    __tablename__ = "orders"

    name: str = Field(max_length=20)


"""
READ_ORDER = """\
import asyncio
from fastapi.testclient import TestClient
from sqlmodel import select
from app.db.session import connect
from app.main import app
from app.orders.routes import Order, nightly
from app.settings import read_settings
asyncio.run(nightly())
async def only() -> Order:
    async with connect(read_settings()) as db, db.unit(read_only=True) as session:
        return (await session.exec(select(Order))).one()
order = asyncio.run(only())
with TestClient(app) as client:
    assert client.get(f"/orders/{order.id}").json()["name"] == "nightly"
"""
USERS = """\
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Field, SQLModel, UniqueConstraint, select

from app.auth.dependencies import CurrentUser, current_user
from app.auth.models import User
from app.db.ids import HasId, Id, reference
from app.db.session import Repository
from app.db.types import ExactString
from app.errors import Forbidden, NotFound

router = APIRouter(dependencies=[Depends(current_user)])


class Report(SQLModel):
    name: str


"""
EDIT_REPORTS = """

@router.get("/editors")
async def edit_reports(user: CurrentEditor) -> str:
    return user.role
"""
USE_REPORTS = """\
import asyncio
from fastapi.testclient import TestClient
from app.auth.manager import UserManager
from app.auth.models import User
from app.db.session import connect
from app.main import app
from app.reports.routes import Member, Organisation
from app.settings import read_settings

PASSWORD = "correct horse battery"
settings = read_settings()


async def fill() -> str:
    async with connect(settings) as db, db.unit() as session:
        manager = UserManager.from_session(session, settings)
        ann = await manager.register("ann@example.com", PASSWORD)
        await manager.register("bob@example.com", PASSWORD)
        ann.role = "editor"
        organisation = Organisation(name="Shop")
        session.add_all([ann, organisation])
        await session.flush()
        session.add(Member(user_id=ann.id, organisation_id=organisation.id))
        return str(organisation.id)


organisation_id = asyncio.run(fill())
with TestClient(app) as client:
    found = []
    for name in ("ann", "bob"):
        form = {"username": f"{name}@example.com", "password": PASSWORD}
        token = client.post("/auth/jwt/login", data=form).json()["access_token"]
        paths = ("/reports", "/editors", f"/organisations/{organisation_id}/reports")
        headers = {"authorization": f"Bearer {token}"}
        found += [client.get(path, headers=headers).status_code for path in paths]
    assert found == [200, 200, 200, 200, 403, 404], found
"""

# Signs in with a bearer token, an API key and a cookie, and prints the status of a request with each.
SIGN_IN = """\
from fastapi.testclient import TestClient
from app.main import app

PASSWORD = "correct horse battery"
EMAIL = "ann@example.com"
with TestClient(app) as client:
    client.post("/auth/register", json={"email": EMAIL, "password": PASSWORD})
    form = {"username": EMAIL, "password": PASSWORD}
    token = client.post("/auth/jwt/login", data=form).json()["access_token"]
    client.post("/auth/session/login", data=form)
    cookie = client.cookies["session"]
    new = {"name": "a program", "current_password": PASSWORD}
    either = {"authorization": f"Bearer {token}"}
    key = client.post("/users/me/keys", json=new, headers=either).json()["key"]
    client.cookies.clear()
    for headers in (
        {"authorization": f"Bearer {token}"},
        {"authorization": f"Bearer {key}"},
        {"cookie": f"session={cookie}"},
    ):
        print("status:", client.get("/users/me", headers=headers).status_code)
"""
WAYS_TO_SIGN_IN = ["BearerTokens", "read_key", "session_user"]


def python_code(page: Path) -> str:
    """Returns the Python code of a page, without files that it adds."""
    blocks = (block for block in read_blocks(page) if not block.title)
    return "\n\n".join(block.text for block in blocks if block.language == "python")


@pytest.mark.slow
def test_commands_of_template_readme(releases: Path, environment: Path, tmp_path: Path) -> None:
    """The second code block renders a project and starts it."""
    _, copy = read_blocks(ROOT / "README.md")
    *setup, serve = [line.partition(" #")[0].strip() for line in copy.text.splitlines()]
    assert serve == "uv run just dev"
    env = environment_variables(environment)
    commands = "\n".join(setup)
    for text, replacement in {
        "uvx copier": f"{sys.executable} -m copier",
        "gh:OWNER/fastapi-service-template": f"--defaults {releases}",
    }.items():
        assert text in commands
        commands = commands.replace(text, replacement)
    run_command(tmp_path, env, "sh", "-euc", commands)
    with run_just_dev(tmp_path / "my-service", env) as address:
        created = urlopen(Request(f"{address}/items", b'{"name": "Lamp"}', JSON_HEADERS))
        assert created.status == 201
        created.close()


def test_scripts_of_template_readme() -> None:
    """The first code block has the commands of a checkout."""
    checkout, _ = read_blocks(ROOT / "README.md")
    scripts = [line.split()[0] for line in checkout.text.splitlines()]
    assert scripts == ["bin/start", "bin/test", "bin/test"]
    assert all((ROOT / script).exists() for script in scripts)


def test_numbers_of_template_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    changes = sum(len(scenario.changes) for scenario in SCENARIOS)
    with_example = [combination for combination in COMBINATIONS if combination.example]
    assert f"These are\n  {len(with_example)} services." in readme
    assert len(WITH_JOBS) == 15 and "Fifteen of them have jobs" in readme
    assert len(WITHOUT_EXAMPLE) == 5 and "Five more have no example" in readme
    assert len(FAULT_INJECTED) == 10 and "Ten\n  of them" in readme
    assert len(FUZZED) == 10 and "Fuzzing runs on ten services" in readme
    assert f"{changes} changes of answers" in readme
    assert f"the {len(PAGES)} pages in" in readme


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_readme_of_project_is_correct(combination: Combination, render: Render) -> None:
    project = render(combination)
    assert [link for page in project.rglob("*.md") for link in broken_links(page)] == []
    readme = (project / "README.md").read_text()
    recipes = re.findall(
        r"^([a-z-]+)(?: [*a-z]+)*:", (project / "justfile").read_text(), re.MULTILINE
    )
    for row in re.findall(r"^\| `([a-z-]+)", readme, re.MULTILINE):
        assert row in [*recipes, "uv"], row
    assert listed_files(readme), "the README has no tree of files"
    assert [name for name in listed_files(readme) if not (project / name).exists()] == []


def test_template_pages_have_no_broken_links() -> None:
    assert [link for page in ROOT.glob("*.md") for link in broken_links(page)] == []


def broken_links(page: Path) -> list[str]:
    """Returns the links to files and images that do not exist."""
    children = [
        child for token in MarkdownIt().parse(page.read_text()) for child in token.children or []
    ]
    targets = [str(child.attrs.get("href", child.attrs.get("src", ""))) for child in children]
    inside = [target for target in targets if target and "://" not in target]
    return [target for target in inside if not (page.parent / target).exists()]


def listed_files(readme: str) -> list[str]:
    """Returns the files and folders of the tree below "Structure"."""
    tree = readme.partition("## Structure\n\n```\n")[2].partition("```")[0]
    names: list[str] = []
    above: list[str] = []
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [line.split()[0]]
        names.append("".join(above))
    return names


@pytest.mark.slow
@pytest.mark.parametrize("style", ["di", "scoped"])
def test_code_of_project_readme(
    style: str, template: Path, environment: Path, tmp_path: Path
) -> None:
    project = render_project(template, tmp_path / "service", session_style=style)
    env = environment_variables(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    (project / "app/orders").mkdir()
    orders = ORDERS.format(imports=IMPORTS[style]) + python_code(project / "README.md")
    (project / "app/orders/routes.py").write_text(orders)
    models = 'from app.orders.routes import Order\n\n__all__ = ["Order"]\n'  # where Alembic looks for models
    (project / "app/orders/models.py").write_text(models)
    run_command(project, env, "uv", "sync", "--quiet")
    for command in (
        ["migrate"],
        ["revision", "orders"],
        ["migrate"],
        ["lint"],
        ["types"],
    ):
        run_command(project, env, "uv", "run", "just", *command)
    run_command(project, env, "uv", "run", "python", "-W", "error", "-c", READ_ORDER)


@pytest.mark.slow
def test_code_of_users_page(template: Path, environment: Path, tmp_path: Path) -> None:
    project = render_project(template, tmp_path / "service", auth=True)
    env = environment_variables(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    page = project / "docs/users.md"
    column = re.search(r"`(role: .*?)`", page.read_text())
    assert column is not None
    models = project / "app/auth/models.py"
    replace_in_file(models, "    is_verified: bool = False\n", rf"\g<0>    {column[1]}\n")
    (project / "app/reports").mkdir()
    (project / "app/reports/routes.py").write_text(USERS + python_code(page) + EDIT_REPORTS)
    exported = 'from app.reports.routes import Member\n\n__all__ = ["Member"]\n'
    (project / "app/reports/models.py").write_text(exported)  # where Alembic looks for models
    run_command(project, env, "uv", "sync", "--quiet")
    for block in read_blocks(page):
        if block.language == "diff" or block.title:
            execute_block(block, project, env)
    for command in (["migrate"], ["revision", "reports"], ["migrate"], ["lint"], ["types"]):
        run_command(project, env, "uv", "run", "just", *command)
    run_command(project, env, "uv", "run", "python", "-W", "error", "-c", USE_REPORTS)
    added = "tests/auth/test_taken_address.py"
    count_passed_tests(run_command(project, env, "uv", "run", "pytest", added))


@pytest.mark.slow
def test_each_way_to_sign_in_is_one_line(template: Path, environment: Path, tmp_path: Path) -> None:
    project = render_project(template, tmp_path / "service", auth=True)
    env = environment_variables(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    run_command(project, env, "uv", "sync", "--quiet")
    run_command(project, env, "uv", "run", "just", "migrate")
    dependencies = project / "app/auth/dependencies.py"
    whole = dependencies.read_text()
    sign_in = ["uv", "run", "python", "-W", "error", "-c", SIGN_IN]
    for removed in WAYS_TO_SIGN_IN:
        replace_in_file(dependencies, rf"    user = .*await .*\b{removed}\(.*\n", "")
        found = re.findall(r"status: (\d+)", run_command(project, env, *sign_in))
        assert found == [str(401 if way == removed else 200) for way in WAYS_TO_SIGN_IN]
        dependencies.write_text(whole)


# What a person copies: from the log of the service, or from the response of the last command.
COPIED = {
    "LETTER": r'"content":"(.+?)"',
    "TOKEN": r'"access_token":"(.+?)"',
    "KEY": r'"key":"(.+?)"',
    "ID": r'"id":"(.+?)"',
}


@pytest.mark.slow
def test_commands_of_users_page(template: Path, environment: Path, tmp_path: Path) -> None:
    project = render_project(template, tmp_path / "service", auth=True)
    env = environment_variables(environment) | {"DATABASE_URL": f"sqlite:///{tmp_path}/app.db"}
    run_command(project, env, "uv", "sync", "--quiet")
    run_command(project, env, "uv", "run", "just", "migrate")
    blocks = [block.text for block in read_blocks(project / "docs/users.md")]
    first = next(number for number, text in enumerate(blocks) if text.startswith("SERVICE="))
    output = ""
    with run_just_dev(project, env) as address:
        env["SERVICE"] = address
        for text in blocks[first : first + 5]:
            for name in re.findall(r"^(\w+)=…$", text, re.MULTILINE):
                source = (project / "dev.log").read_text() if name == "LETTER" else output
                env[name] = re.findall(COPIED[name], source)[-1]
            commands = re.sub(r"^\w+=.*\n", "", text, flags=re.MULTILINE)
            commands = commands.replace("curl ", "curl --silent --show-error --fail ")
            output = run_command(project, env, "sh", "-euc", commands)
        assert COPIED.keys() <= env.keys()
        use_key = 'curl --fail $SERVICE/users/me -H "Authorization: Bearer $KEY"'
        run_failing_command(project, env, "sh", "-c", use_key, message="401")
