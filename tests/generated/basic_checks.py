"""Checks that are only a few commands: packages, migrations, own tests, a new domain, types."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.generated.project import GeneratedProject
from tests.generated.serving import PROBES
from tests.support.commands import (
    CommandFailed,
    count_passed_tests,
    run_command,
    run_failing_command,
)
from tests.support.databases import replace_database
from tests.support.files import replace_in_file

ORDER_MODEL = PROBES / "order_model.py"
CYCLES = PROBES / "cycles"
CONCURRENT_MIGRATIONS = 4
# Variables that libraries, or the programs around them, read. None of them may reach a test.
FOREIGN_VARIABLES = {
    # libpq and asyncpg
    "PGAPPNAME": "invalid",
    "PGCHANNELBINDING": "require",
    "PGCLIENTENCODING": "LATIN1",
    "PGDATABASE": "invalid",
    "PGGSSENCMODE": "require",
    "PGHOST": "unknown.invalid",
    "PGOPTIONS": "-c default_transaction_read_only=on -c search_path=unknown",
    "PGPASSWORD": "invalid",
    "PGPORT": "1",
    "PGSERVICE": "unknown",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/unknown",
    "PGTARGETSESSIONATTRS": "read-only",
    "PGUSER": "unknown",
    # MySQL and MariaDB
    "MYSQL_HOST": "unknown.invalid",
    "MYSQL_PWD": "invalid",
    "MYSQL_TCP_PORT": "1",
    "MYSQL_UNIX_PORT": "/unknown",
    # HTTP and TLS
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "SSLKEYLOGFILE": "/unknown/keys",
    "SSL_CERT_FILE": "/unknown",
    # servers, Alembic, OpenTelemetry
    "ALEMBIC_CONFIG": "/unknown/alembic.ini",
    "FASTAPI_ENTRYPOINT": "unknown:app",
    "FORWARDED_ALLOW_IPS": "*",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
    "UVICORN_WORKERS": "3",
    "WEB_CONCURRENCY": "3",
    # terminals, locales, CI
    "COLUMNS": "20",
    "FORCE_COLOR": "1",
    "GITHUB_ACTIONS": "true",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "TZ": "Asia/Kathmandu",
}
PRINT_SETTINGS = """
from app.settings import read_settings
settings = read_settings()
print(settings.max_body_size, settings.database_url)
"""


def install_packages(project: GeneratedProject) -> None:
    project.run_command("uv", "sync", "--quiet")


def create_database(project: GeneratedProject) -> None:
    """Creates a database on a shared server. SQLite needs none: its file is in the project."""
    if project.combination.has_server:
        name = str(project.combination)
        project.env |= project.servers.create_database(project.combination, name, project.path)


def migrate(project: GeneratedProject) -> None:
    project.run_command("uv", "run", "alembic", "upgrade", "head")


def migrate_concurrently(project: GeneratedProject) -> None:
    """Runs several `alembic upgrade head` at once on an empty database. None of them may fail."""
    upgrades = [
        subprocess.Popen(
            [project.environment / "bin" / "alembic", "upgrade", "head"],
            cwd=project.path,
            env=project.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(CONCURRENT_MIGRATIONS)
    ]
    outputs = [upgrade.communicate()[0] for upgrade in upgrades]
    for upgrade, output in zip(upgrades, outputs, strict=True):
        if upgrade.returncode != 0:
            raise CommandFailed(f"A concurrent `alembic upgrade head` failed:\n{output}")


def run_own_checks(project: GeneratedProject) -> None:
    """Runs `just check`: the project's own linters, type checkers and tests."""
    project.run.tests = count_passed_tests(project.run_command("uv", "run", "just", "check"))


def count_database_round_trips(project: GeneratedProject) -> None:
    """Counts how often each route waits for the database."""
    script = PROBES / "count_database_round_trips.py"
    command = ["uv", "run", "python", str(script), "database_round_trips.json"]
    run_command(project.path, project.env | {"PYTHONPATH": "."}, *command)
    counted = project.path / "database_round_trips.json"
    project.run.database_round_trips = json.loads(counted.read_text())


def check_use_of_indexes(project: GeneratedProject) -> None:
    """Asks the database how it lists users and API keys, and how it purges expired rows."""
    project.run_command("uv", "run", "python", str(PROBES / "check_indexes.py"))


def run_isolated_checks(project: GeneratedProject) -> None:
    """Runs the linters and type checkers, and the tests as strangely as somebody may run them.

    They run from another folder, with invalid settings and variables of all kinds around.
    """
    project.run_command("uv", "run", "just", "lint", "types")
    example = (project.path / ".env.example").read_text()
    names = re.findall(r"^#([A-Z_]+)=", example, re.MULTILINE)
    env_file = project.path / ".env"
    env_file.write_text("".join(f"{name}=invalid\n" for name in names))
    env = project.env | FOREIGN_VARIABLES | dict.fromkeys(names, "invalid")
    pytest = str(project.environment / "bin" / "pytest")
    output = run_command(Path("/"), env, pytest, str(project.path / "tests"))
    project.run.tests = count_passed_tests(output)
    env_file.unlink()


def delete_rows_between_tests(project: GeneratedProject) -> None:
    """Runs tests that leave rows which reference themselves and each other."""
    domain = project.path / "app" / "league"
    revision = project.path / "migrations" / "versions" / "cycles.py"
    tests = project.path / "tests" / "test_cycles.py"
    domain.mkdir()
    shutil.copy(CYCLES / "models.py", domain)
    shutil.copy(CYCLES / "revision.py", revision)
    shutil.copy(CYCLES / "test_cycles.py", tests)
    migrations = "tests/test_migrations.py::test_migrations_match_the_models"
    count_passed_tests(
        project.run_command("uv", "run", "pytest", "tests/test_cycles.py", migrations)
    )
    shutil.rmtree(domain)
    revision.unlink()
    tests.unlink()


def use_other_working_folder(project: GeneratedProject) -> None:
    """`.env` and relative paths are those of the project, also if a command starts elsewhere."""
    folder = project.path.with_name(f"{project.path.name}-elsewhere")
    folder.mkdir()
    (project.path / ".env").write_text("MAX_BODY_SIZE=4321\n")
    env = {name: value for name, value in project.env.items() if name != "DATABASE_URL"}
    python = [str(project.environment / "bin" / "python"), "-c", PRINT_SETTINGS]
    size, url = run_command(folder, env, *python).split()[-2:]
    (project.path / ".env").unlink()
    if size != "4321":
        raise CommandFailed("`.env` is not read in another working folder")
    if not project.combination.has_server:
        if not url.endswith(f"{project.path}/app.db"):
            raise CommandFailed(f"The database is at {url} in another working folder")
        alembic = [str(project.environment / "bin" / "alembic"), "--config"]
        run_command(folder, env, *alembic, str(project.path / "pyproject.toml"), "current")
    if found := list(folder.iterdir()):
        raise CommandFailed(f"{found} was created in the working folder")


def add_domain(project: GeneratedProject) -> None:
    """Adds a domain as the README says, and autogenerates revisions that go up, down and up."""
    project.run_command("uv", "run", "alembic", "check")
    domain = project.path / "app" / "orders"
    domain.mkdir()
    shutil.copy(ORDER_MODEL, domain / "models.py")
    autogenerate_revision(project, "orders")
    replace_in_file(domain / "models.py", '"paid"\n', '"paid"\n    REFUNDED = "refunded"\n')
    autogenerate_revision(project, "refunded")
    project.run_command("uv", "run", "ruff", "check", "migrations")
    project.run_command("uv", "run", "ruff", "format", "--check", "migrations")


def autogenerate_revision(project: GeneratedProject, message: str) -> None:
    project.run_command("uv", "run", "just", "revision", message)
    project.run_alembic("upgrade head", "check", "downgrade -1", "upgrade head")


def check_refusal_of_other_databases(project: GeneratedProject) -> None:
    """The project's tests delete rows, so they refuse a database whose name is not for tests."""
    url = replace_database(project.env["TEST_DATABASE_URL"], "production")
    run_failing_command(
        project.path,
        project.env | {"TEST_DATABASE_URL": url},
        *["uv", "run", "pytest"],
        message="TEST_DATABASE_URL must name a database with `test`",
    )


def check_types(project: GeneratedProject) -> None:
    """Runs the mypy of this repository, beside the type checkers that the project runs itself."""
    mypy = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={project.environment}/mypy"]
    mypy += [f"--python-executable={project.environment}/bin/python"]
    project.run_command(*mypy, "app", "dev", "migrations", "tests")
