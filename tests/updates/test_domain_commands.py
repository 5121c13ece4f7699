"""`just domain`, `just field` and `just remove-domain`, in projects with code of a team.

Most tests run `dev/domain.py` of the project in this process, where Copier has compiled the template.
The others, `use_recipe`, run the recipes of its justfile, as a person does.
"""

import io
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from copier._cli import CopierApp

from tests.support.databases import environment_variables
from tests.support.files import replace_in_file
from tests.support.git import commit, git, make_repository
from tests.support.rendering import render_project
from tests.updates.projects import CUSTOMERS, ORDERS, read_answers, read_updated_files

ITEMS = {"name": "items", "fields": ["name:str:200:unique", "description:str:2000:null"]}
# Code of a team, beside the domains of the template.
OWN_CODE = {
    "app/shops/models.py": """\
from enum import StrEnum

from sqlalchemy import Column, Integer, Table
from sqlmodel import Field, SQLModel


class Line(SQLModel, table=True):
    __tablename__ = "shop_lines"
    id: int = Field(primary_key=True)


class CustomerLevel(StrEnum):
    GOLD = "gold"


class Shelves(SQLModel, table=True):
    id: int = Field(primary_key=True)


rooms = Table("rooms", SQLModel.metadata, Column("id", Integer, primary_key=True))
""",
    "app/shops/routes.py": """\
from fastapi import APIRouter

router = APIRouter(prefix="/offers")
""",
    "tests/labels/test_labels.py": "",
}
# Commands that are refused, and what they print.
REFUSED = [
    (
        "domain items name:text",
        "items: this domain exists. Add fields to it with: just field items",
    ),
    ("domain shops name:text", "shops: app/shops/ exists."),
    ("domain labels name:text", "labels: tests/labels/ exists."),
    ("domain lines name:text", "lines: app/shops/models.py already has the class Line."),
    ("domain shelves name:text --one board", "app/shops/models.py already has the table shelves."),
    ("domain rooms name:text", "rooms: app/shops/models.py already has the table rooms."),
    ("domain offers name:text", "offers: app/shops/routes.py already has the path /offers."),
    ("domain bills total:decimal", 'bills: the field "total:decimal" needs its digits'),
    (
        "domain people name:text",
        "people has no singular by rule. Write it, for example --one person",
    ),
    ("domain notes", "Missing argument"),
    ("domain notes name:text --on note", "No such option"),
    (
        "field bills name:text",
        "bills: this is not a domain of the template. These are: items, cust",
    ),
    ("field orders number:text", 'orders: the field "number'),
    ("field orders note:txt", 'orders: the field "note:txt"'),
    ("field customers vat:text", 'customers: app/customers/models.py already has "vat".'),
    ("field customers level:enum:a:b", "app/shops/models.py already has the class CustomerLevel."),
    ("remove-domain bills", "bills: this is not a domain of the template."),
    ("remove-domain customers", 'customers: the field "customer:ref:customers" of orders refers'),
]


pytestmark = pytest.mark.slow


class Done(NamedTuple):
    code: int
    output: str
    errors: str


class Project:
    def __init__(self, path: Path, environment: Path) -> None:
        self.path = path
        self.env = environment_variables(environment)

    def use_recipe(self, command: str, folder: str = ".") -> Done:
        """Runs a recipe of the justfile, with the packages of the project."""
        done = subprocess.run(
            ["uv", "run", "--quiet", "just", *command.split()],
            cwd=self.path / folder,
            env=self.env,
            check=False,
            capture_output=True,
            text=True,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, command: str) -> Done:
        """Runs a command of `dev/domain.py` in this process."""
        output, errors, code = io.StringIO(), io.StringIO(), 0
        with run_in_process(self.path, command), redirect_stdout(output), redirect_stderr(errors):
            try:
                import_module("dev.domain").main()
            except SystemExit as end:
                code = int(end.code or 0)
        return Done(code, output.getvalue(), errors.getvalue())

    def change(self, command: str) -> str:
        """Runs a command that has to change the project, commits, and returns what it printed."""
        done = self.run(command)
        assert done.code == 0, done
        assert git(self.path, "status", "--short")
        commit(self.path)
        return done.output

    def copy(self, folder: Path) -> "Project":
        shutil.copytree(self.path, folder / "project")
        return Project(folder / "project", Path(self.env["UV_PROJECT_ENVIRONMENT"]))


@contextmanager
def run_in_process(project: Path, command: str) -> Iterator[None]:
    """Makes the package `dev` of a project, its folder and this command those of this process."""
    start = subprocess.run

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        match command:
            case ["just", "update", *arguments]:
                return run_copier("update", "--defaults", *arguments)
            case [_, "tool", "run", _, "recopy", *arguments]:
                return run_copier("recopy", *arguments)
        return start(command, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        patch.syspath_prepend(project)
        patch.setattr(sys, "argv", ["just", *command.split()])
        patch.setattr(subprocess, "run", run)
        forget_modules()
        yield
        forget_modules()


def forget_modules() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "dev"]:
        del sys.modules[name]


def run_copier(*arguments: str) -> subprocess.CompletedProcess[str]:
    errors, code = io.StringIO(), 1
    with redirect_stderr(errors):
        try:
            _, code = CopierApp.run(["copier", *arguments], exit=False)
        except ValueError as error:  # a refused answer, which Copier prints with its traceback
            print(error, file=errors)
    return subprocess.CompletedProcess(arguments, code, "", errors.getvalue())


def make_project(template: Path, path: Path, environment: Path, **answers: object) -> Project:
    """A project of a team, committed together with its uv.lock."""
    project = Project(render_project(template, path, project_name="Shop", **answers), environment)
    make_repository(path)
    subprocess.run(["uv", "lock", "--quiet"], cwd=path, env=project.env, check=True)
    commit(path)
    return project


@pytest.fixture(scope="module")
def shop(template: Path, environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop with customers, orders, and code of its own. Tests must not change it."""
    path = tmp_path_factory.mktemp("shop") / "project"
    project = make_project(template, path, environment, domains=[CUSTOMERS, ORDERS])
    for name, text in OWN_CODE.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text)
    replace_in_file(path / "app/customers/models.py", r"\Z", '\n    vat: str = Field(default="")\n')
    commit(path)
    return project


def equal(project: Project, template: Path, folder: Path, **answers: object) -> bool:
    """Whether a project has the files of a new project with these answers."""
    new = read_updated_files(render_project(template, folder, project_name="Shop", **answers))
    found = read_updated_files(project.path)
    del found["uv.lock"]
    return found == new


@pytest.mark.parametrize(("command", "message"), REFUSED)
def test_refused_command_changes_nothing(shop: Project, command: str, message: str) -> None:
    done = shop.run(command)
    assert done.code == 2, done
    assert message in done.errors
    assert "Traceback" not in done.errors
    assert done.output == ""
    assert git(shop.path, "status", "--short", "--ignored", "--", "app", "tests") == ""


def test_uncommitted_changes_are_refused(shop: Project, tmp_path: Path) -> None:
    project = shop.copy(tmp_path)
    (project.path / "notes.txt").write_text("")
    for command in ("domain notes text:text", "field orders note:text", "remove-domain orders"):
        done = project.run(command)
        assert done.code == 2
        assert "Commit or stash your changes first:\n?? notes.txt" in done.errors
        assert git(project.path, "status", "--short") == "?? notes.txt"


def test_command_without_arguments_explains_itself(shop: Project) -> None:
    example = "uv run just domain customers name:str:200 email:str:320:unique"
    alone, helped = shop.use_recipe("domain"), shop.use_recipe("domain --help")
    assert (alone.code, helped.code) == (2, 0)
    for explanation in (alone.errors or alone.output, helped.output):
        assert "Usage: just domain [OPTIONS]" in explanation
        assert example in explanation
        assert max(len(line) for line in explanation.splitlines()) <= 80


def test_dry_run_prints_the_plan(shop: Project) -> None:
    done = shop.use_recipe("domain order_lines order:ref:orders count:int:default=1 --dry-run")
    assert done.code == 0, done
    for line in (
        "Add order_lines:",
        "  class OrderLine",
        "  table order_lines",
        "  path /order-lines",
        "  order_id             ref:orders",
        "  count                int:default=1",
        "  app/order_lines/models.py",
        '  uv run just revision "add order_lines"',
    ):
        assert line in done.output.splitlines()
    done = shop.run("field orders note:text:null --dry-run")
    assert done.code == 0, done
    assert "note                 text:null" in done.output
    done = shop.run("remove-domain orders --dry-run")
    assert done.code == 0, done
    assert "  app/orders/models.py" in done.output.splitlines()
    assert git(shop.path, "status", "--short") == ""


def test_add_extend_and_remove_domains(template: Path, environment: Path, tmp_path: Path) -> None:
    project = make_project(template, tmp_path / "project", environment)
    output = project.change("domain people nick:str:20 --one person --shared")
    assert output.endswith("  uv run just migrate\n  uv run just test\n")
    project.change("domain orders number:str:40:unique")
    project.change("field orders person:ref:people")
    before = (project.path / "app/items/models.py").read_text()
    project.change("field items price:decimal:10:2")  # the items of the example are a domain, too
    after = (project.path / "app/items/models.py").read_text()
    assert {line for line in before.splitlines() if " = Field(" in line} < set(after.splitlines())
    people = {"name": "people", "fields": ["nick:str:20"], "one": "person", "shared": True}
    orders = {"name": "orders", "fields": ["number:str:40:unique", "person:ref:people"]}
    items = ITEMS | {"fields": [*ITEMS["fields"], "price:decimal:10:2"]}
    assert read_answers(project.path)["domains"] == [items, people, orders]
    assert equal(project, template, tmp_path / "three", domains=[items, people, orders])
    project.change("remove-domain orders")
    assert not (project.path / "app/orders").exists()
    project.change("remove-domain items")
    assert equal(project, template, tmp_path / "one", example=False, domains=[people])


def test_edits_are_kept_by_fields_and_never_removed_unseen(
    shop: Project, template: Path, tmp_path: Path
) -> None:
    project = shop.copy(tmp_path)
    edit = "\n# Ours: ask Ada.\n"
    routes = project.path / "app/orders/routes.py"
    routes.write_text(routes.read_text() + edit)
    (project.path / "app/orders/tasks.py").write_text("")
    commit(project.path)
    project.change("field orders note:text:null due:date:null")
    extended = ORDERS | {"fields": [*ORDERS["fields"], "note:text:null", "due:date:null"]}
    new = render_project(template, tmp_path / "new", domains=[CUSTOMERS, extended])
    assert routes.read_text() == (new / "app/orders/routes.py").read_text() + edit
    models = "app/orders/models.py"
    assert (project.path / models).read_text() == (new / models).read_text()
    done = project.run("remove-domain orders")
    assert done.code == 2
    assert "\n  app/orders/routes.py\n  app/orders/tasks.py\n" in done.errors
    assert "--force" in done.errors
    assert git(project.path, "status", "--short") == ""
    project.change("remove-domain orders --force")
    assert not (project.path / "app/orders").exists()
    assert not (project.path / "tests/orders").exists()
    assert (project.path / "app/shops/models.py").read_text() == OWN_CODE["app/shops/models.py"]


def test_conflict_with_an_edit(shop: Project, tmp_path: Path) -> None:
    project = shop.copy(tmp_path)
    replace_in_file(project.path / "app/orders/models.py", r"(number: str)[^\n]*", r"\1  # ours")
    commit(project.path)
    done = project.use_recipe("field orders note:text:null")
    assert done.code == 1
    assert "There are conflicts. Resolve each file and run `git add` on it." in done.errors
    assert "app/orders/models.py" in done.errors
    assert "just revision" not in done.output


def test_several_answers_files_and_another_folder(
    template: Path, environment: Path, tmp_path: Path
) -> None:
    path = tmp_path / "monorepo" / "shop"
    path.parent.mkdir()
    project = make_project(template, path, environment)
    shutil.rmtree(path / ".git")
    (path / ".copier-answers.yml").rename(path / ".copier-answers.service.yml")
    (path / ".copier-answers.docs.yml").write_text("_src_path: elsewhere\n_commit: v1\n")
    make_repository(path.parent)
    commit(path.parent)
    done = project.use_recipe("domain orders number:int", folder="app")
    assert done.code == 0, done
    assert "  - number:int" in (path / ".copier-answers.service.yml").read_text()
    assert "orders" not in (path / ".copier-answers.docs.yml").read_text()
