"""The fixtures that several folders share, and the report at the end of a run.

The template and its renders come from the working tree, uncommitted changes included.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.git import IDENTITY
from tests.support.template import ROOT, copy_template

# Copier reads these when it is imported below. The user's own git and Copier settings are not used.
os.environ |= IDENTITY | {"GIT_CONFIG_GLOBAL": os.devnull}
os.environ["COPIER_SETTINGS_PATH"] = str(ROOT / "tests" / "support" / "copier_settings.yml")

import copier._vcs
import hypothesis
import jinja2
import yaml

from tests.generated.matrix import Matrix
from tests.support.combinations import DEFAULT, Combination
from tests.support.git import make_repository
from tests.support.rendering import Render, render_project
from tests.updates.releases import NEW_RELEASE, add_release, make_releases
from tests.updates.scenarios import Scenario

# Property tests try the same examples in each run, so a change that is not at fault does not fail.
# CI tries others every night, and so does: bin/test --hypothesis-profile=random
PROFILE = hypothesis.settings(deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
hypothesis.settings.register_profile("random", PROFILE, derandomize=False, print_blob=True)
hypothesis.settings.register_profile("fixed", PROFILE, derandomize=True, database=None)
hypothesis.settings.load_profile("fixed")


@pytest.fixture(scope="session", autouse=True)
def fast_copier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Patches private names of Copier and Jinja, because a run renders hundreds of projects.

    With the patches a render was measured to be three times as fast, and an update twice: a Jinja
    template is compiled once, a release is cloned once, YAML is read by libyaml, and git is not
    asked about each file. Commands in a subprocess run Copier without them: the scenarios do, and
    `test_render_without_patches_has_the_same_bytes` compares both.
    """
    compiled: dict[Any, Any] = {}
    compile_template: Any = jinja2.Environment.compile
    clones: dict[tuple[str, str], str] = {}
    clone: Any = copier._vcs.clone

    def compile_once(
        env: jinja2.Environment,
        source: Any,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> Any:
        key = (source, name)  # not the filename: most sources are the same in all releases
        if raw or not isinstance(source, str):
            return compile_template(env, source, name, filename, raw, defer_init)
        if key in compiled:
            env.preprocess(source, name, filename)  # ends the last `yield` tag
        else:
            compiled[key] = compile_template(env, source, name, filename)
        return compiled[key]

    def clone_once(url: str, ref: str, **_: str) -> str:
        if (url, ref) not in clones:
            clones[url, ref] = str(tmp_path_factory.mktemp("clone") / "template")
            clone(url, ref, clones[url, ref])
        return clones[url, ref]  # Copier only reads it, and deletes the empty `location`

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("copier._template.clone", clone_once)
        patch.setattr(jinja2.Environment, "compile", compile_once)
        patch.setattr("copier._main.is_git_available", lambda: False)
        patch.setattr("yaml.SafeLoader", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as users get it: a git repository with a release, which Copier clones."""
    repository = tmp_path_factory.mktemp("template") / "template"
    make_repository(repository)
    add_release(repository, NEW_RELEASE, copy_template)
    return repository


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a git repository with earlier releases; the newest is the working tree."""
    repository = tmp_path_factory.mktemp("releases") / "template"
    make_releases(repository)
    return repository


@pytest.fixture(scope="session")
def render(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """`render(combination)` returns a project, rendered once. Tests must not write to it."""
    renders: dict[Combination, Path] = {}

    def render_once(combination: Combination) -> Path:
        if combination not in renders:
            destination = tmp_path_factory.mktemp(str(combination), numbered=False) / "project"
            renders[combination] = render_project(template, destination, **combination.answers)
        return renders[combination]

    return render_once


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment for projects outside the matrix, which use it one after the other."""
    return tmp_path_factory.mktemp("environment")


@pytest.fixture(scope="session")
def matrix(
    request: pytest.FixtureRequest,
    render: Render,
    releases: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Matrix]:
    """Runs the selected combinations and scenarios in the background, on all cores."""
    selected = dict.fromkeys(
        value
        for item in request.session.items
        if isinstance(item, pytest.Function) and needs_matrix(item)
        for value in item.callspec.params.values()
    )
    folder = tmp_path_factory.mktemp("matrix")
    projects = [
        (combination, shutil.copytree(render(combination), folder / str(combination)))
        for combination in selected
        if isinstance(combination, Combination)
    ]
    scenarios = [scenario for scenario in selected if isinstance(scenario, Scenario)]
    with Matrix(folder, projects, scenarios, releases) as matrix:
        request.config.stash[MATRIX] = matrix
        yield matrix


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts tests that wait for the matrix last, so that the others run at the same time.

    Marks as quick all other tests that are not marked as slow, and one combination of the matrix.
    """
    items.sort(key=needs_matrix)
    for item in items:
        slow = needs_matrix(item) or item.get_closest_marker("slow") is not None
        if not slow or item.name == f"test_combination[{DEFAULT}]":
            item.add_marker("quick")


def needs_matrix(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "matrix" in item.fixturenames


@pytest.fixture(scope="session", autouse=True)
def start_matrix(request: pytest.FixtureRequest, fast_copier: None) -> None:
    """Starts the matrix before the first test, if any selected test needs it."""
    if any(needs_matrix(item) for item in request.session.items):
        request.getfixturevalue("matrix")


MATRIX = pytest.StashKey[Matrix]()
NOT_RUN = "NOT RUN"


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Reports a skipped test as NOT RUN: it needs something that is missing on this machine."""
    return (NOT_RUN, "N", NOT_RUN) if report.skipped else None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Prints why tests did not run, and the tables of the matrix, which go to build/matrix.md."""
    not_run = [
        f"- NOT RUN: {report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}"
        for report in terminalreporter.stats.get(NOT_RUN, [])
    ]
    if not_run:
        terminalreporter.section("not run", yellow=True)
        terminalreporter.write_line("\n".join(not_run))
    if (matrix := config.stash.get(MATRIX, None)) is not None:
        tables = matrix.report()
        terminalreporter.section("matrix")
        terminalreporter.write_line(tables)
        report = ROOT / "build" / "matrix.md"
        report.parent.mkdir(exist_ok=True)
        report.write_text("\n\n".join(filter(None, [tables, "\n".join(not_run)])) + "\n")
