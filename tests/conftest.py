"""Renders of the working tree, uncommitted changes included, kept for the session."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.releases import IDENTITY, ROOT

# Before Copier is imported, which reads the environment then: nothing of the user's own.
os.environ |= IDENTITY | {"GIT_CONFIG_GLOBAL": os.devnull}
os.environ["COPIER_SETTINGS_PATH"] = str(ROOT / "tests" / "copier_settings.yml")

import copier._vcs
import jinja2
import yaml

from tests.cells import DEFAULT, Cell
from tests.matrix import Matrix
from tests.releases import copy_tree, make_releases
from tests.walks import Walk

Render = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def fast_copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Seven times as fast: a template is compiled once, a release is cloned once, YAML is read by
    libyaml, and git is not asked about every file. The walks run Copier as it is."""
    compiled: dict[Any, Any] = {}
    compile_template: Any = jinja2.Environment.compile
    clones: dict[tuple[str, str], Path] = {}
    clone: Any = copier._vcs.clone

    def compile_once(
        env: jinja2.Environment,
        source: Any,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> Any:
        key = (source, name, filename)
        if raw or not isinstance(source, str):
            return compile_template(env, source, name, filename, raw, defer_init)
        if key not in compiled:
            compiled[key] = compile_template(env, source, name, filename)
        return compiled[key]

    def clone_once(url: str, ref: str, location: str) -> str:
        if (url, ref) not in clones:
            clones[url, ref] = tmp_path_factory.mktemp("clone") / "template"
            clone(url, ref, str(clones[url, ref]))
        shutil.copytree(clones[url, ref], location, dirs_exist_ok=True)
        return location

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("copier._template.clone", clone_once)
        patch.setattr(jinja2.Environment, "compile", compile_once)
        patch.setattr("copier._main.is_git_available", lambda: False)
        patch.setattr("yaml.SafeLoader", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template without its history, so that Copier takes the tree and not the last tag."""
    copy = tmp_path_factory.mktemp("template")
    copy_tree(copy)
    return copy


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a repository with releases, the newest of this tree."""
    repository = tmp_path_factory.mktemp("releases") / "template"
    make_releases(repository)
    return repository


def run_copier(template: Path, destination: Path, **answers: object) -> Path:
    copier.run_copy(str(template), destination, data=answers, defaults=True, quiet=True)
    return destination


@pytest.fixture(scope="session")
def render(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """`render(cell)`: its project, the same each time; not to be written to."""
    renders: dict[Cell, Path] = {}

    def rendered(cell: Cell) -> Path:
        if cell not in renders:
            destination = tmp_path_factory.mktemp(str(cell), numbered=False) / "project"
            renders[cell] = run_copier(template, destination, **cell.answers)
        return renders[cell]

    return rendered


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the packages of projects that are not in the matrix, one after the other."""
    return tmp_path_factory.mktemp("environment")


@pytest.fixture(scope="session")
def matrix(
    request: pytest.FixtureRequest,
    template: Path,
    releases: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Matrix]:
    """The runs of the selected cells and walks, under way on all cores."""
    selected = dict.fromkeys(
        cast(Cell | Walk, value)
        for item in request.session.items
        if isinstance(item, pytest.Function) and needs_matrix(item)
        for value in item.callspec.params.values()
    )
    folder = tmp_path_factory.mktemp("matrix")
    projects = [
        (cell, run_copier(template, folder / str(cell), **cell.answers))
        for cell in selected
        if isinstance(cell, Cell)
    ]
    walks = [walk for walk in selected if isinstance(walk, Walk)]
    with Matrix(folder, projects, walks, releases) as matrix:
        request.config.stash[MATRIX] = matrix
        yield matrix


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that wait for the matrix come last: the others run while it is under way.

    Quick are those of the others that are not marked as slow, and one project of the matrix.
    """
    items.sort(key=needs_matrix)
    for item in items:
        slow = needs_matrix(item) or item.get_closest_marker("slow") is not None
        if not slow or item.name == f"test_cell[{DEFAULT}]":
            item.add_marker("quick")


def needs_matrix(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "matrix" in item.fixturenames


@pytest.fixture(scope="session", autouse=True)
def start_the_matrix(request: pytest.FixtureRequest, fast_copier: None) -> None:
    if any(needs_matrix(item) for item in request.session.items):
        request.getfixturevalue("matrix")


MATRIX = pytest.StashKey[Matrix]()
NOT_RUN = "NOT RUN"


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """A skip is no kind of green here: something is missing that the test needs."""
    return (NOT_RUN, "N", NOT_RUN) if report.skipped else None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    not_run = [
        f"- NOT RUN: {report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}"
        for report in terminalreporter.stats.get(NOT_RUN, [])
    ]
    if not_run:
        terminalreporter.section("not run", yellow=True)
        terminalreporter.write_line("\n".join(not_run))
    if (matrix := config.stash.get(MATRIX, None)) is not None:
        tables = [matrix.table(), matrix.spent_table(), matrix.fault_table(), matrix.load_table()]
        table = "\n\n".join(filter(None, tables))
        terminalreporter.section("matrix")
        terminalreporter.write_line(table)
        report = ROOT / "build" / "matrix.md"
        report.parent.mkdir(exist_ok=True)
        report.write_text("\n\n".join(filter(None, [table, "\n".join(not_run)])) + "\n")
