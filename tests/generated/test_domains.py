"""A service with every type of field and every kind of reference, on every driver."""

from pathlib import Path

import pytest
import yaml

from tests.generated.basic_checks import check_types
from tests.generated.fuzzing import fuzz
from tests.generated.project import GeneratedProject
from tests.generated.results import Run
from tests.support.combinations import Combination
from tests.support.commands import count_passed_tests
from tests.support.databases import DatabaseServers, NoDatabaseServer, environment_variables
from tests.support.missing_tools import report_not_run
from tests.support.rendering import render_project

DOMAINS = yaml.safe_load((Path(__file__).parent / "domains.yml").read_text())
FOLDERS = [f"tests/{domain['name']}" for domain in DOMAINS["domains"]]
COMBINATIONS = [
    Combination("aiosqlite", "di", "int"),
    Combination("asyncpg", "di", "uuid", auth=True),
    Combination("psycopg", "scoped", "int"),
    Combination("asyncmy", "di", "int", auth=True),
    Combination("aiomysql", "scoped", "uuid"),
]


@pytest.mark.slow
@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_domains(
    combination: Combination, template: Path, environment: Path, tmp_path: Path
) -> None:
    path = render_project(template, tmp_path / "project", **combination.answers | DOMAINS)
    env = environment_variables(environment)
    servers = DatabaseServers(tmp_path)
    project = GeneratedProject(combination, path, env, servers, Run(combination))
    project.run_command("uv", "sync", "--quiet")
    project.run_command("uv", "run", "just", "lint", "types")
    check_types(project)
    try:
        env |= servers.create_database(combination, "domains", path)
        for steps in ("upgrade head", "check", "downgrade base", "upgrade head"):
            project.run_command("uv", "run", "alembic", *steps.split())
        output = project.run_command("uv", "run", "just", "test", "-q", *FOLDERS)
        assert count_passed_tests(output) > 100
        fuzz(project)
    except NoDatabaseServer as error:
        report_not_run(str(error))
    finally:
        servers.close()
