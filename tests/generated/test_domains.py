"""A service with every type of field and every kind of reference, on every driver."""

from pathlib import Path

import pytest
import yaml

from tests.generated.basic_checks import check_types
from tests.generated.fuzzing import fuzz
from tests.generated.project import install_project
from tests.support.combinations import Combination
from tests.support.commands import count_passed_tests

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
    with install_project(combination, template, environment, tmp_path, **DOMAINS) as project:
        project.run_command("uv", "run", "just", "lint", "types")
        check_types(project)
        project.run_alembic("upgrade head", "check", "downgrade base", "upgrade head")
        output = project.run_command("uv", "run", "just", "test", "-q", *FOLDERS)
        assert count_passed_tests(output) > 100
        fuzz(project)
