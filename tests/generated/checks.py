"""What a generated project is checked for, in this order: see CHECKS.

A check raises CommandFailed, or writes its results into the project's `Run` for a test to compare.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from tests.generated.basic_checks import (
    add_domain,
    check_refusal_of_other_databases,
    check_types,
    check_use_of_indexes,
    count_database_round_trips,
    create_database,
    delete_rows_between_tests,
    install_packages,
    migrate,
    migrate_concurrently,
    run_isolated_checks,
    run_own_checks,
    use_other_working_folder,
)
from tests.generated.database_urls import try_database_urls
from tests.generated.fault_injection import inject_faults
from tests.generated.fuzzing import fuzz, measure_latency_beside_logins
from tests.generated.image import build_and_serve_image
from tests.generated.interrupted_tests import interrupt_tests
from tests.generated.job_faults import JOB_BROKERS, inject_job_faults
from tests.generated.just_recipes import use_recipes
from tests.generated.live_migrations import migrate_beside_requests, migrate_through_pooler
from tests.generated.load import put_under_load
from tests.generated.malicious_input import send_malicious_input
from tests.generated.project import GeneratedProject
from tests.generated.revisions import revise_column_types, revise_models
from tests.generated.several_machines import use_several_machines
from tests.generated.sign_ins import measure_memory_of_sign_ins
from tests.generated.telemetry import export_age_of_oldest_job, export_telemetry
from tests.generated.wheel import run_from_wheel
from tests.support.combinations import (
    COMBINATIONS,
    DEEPLY_FUZZED,
    DEFAULT,
    FAULT_INJECTED,
    FUZZED,
    IMAGE_BUILT,
    LOAD_TESTED,
    RECIPES_USED,
    WITH_JOBS,
    WITHOUT_EXAMPLE,
    Combination,
)
from tests.support.commands import CommandFailed


@dataclass(frozen=True)
class Check:
    name: str
    combinations: Collection[Combination]
    check: Callable[[GeneratedProject], None]


ALL = COMBINATIONS
# Migrations do not depend on the session style.
FAULT_INJECTED_DI = [it for it in FAULT_INJECTED if it.session_style == "di"]
FAULT_INJECTED_POSTGRESQL = [it for it in FAULT_INJECTED_DI if it.database == "postgresql"]
FAULT_INJECTED_DI_SERVER = [it for it in FAULT_INJECTED_DI if it.has_server]
# Revisions depend on the database, and only their types also on the driver.
REVISED = [it for it in FAULT_INJECTED_DI if it.db_driver in {"aiosqlite", "psycopg", "asyncmy"}]
# The plans of statements depend on the database.
USERS_ON_EACH_DATABASE = [
    Combination(driver, "scoped", "uuid", auth=True)
    for driver in ("aiosqlite", "asyncpg", "asyncmy")
]
# Each engine for jobs with each broker.
JOBS_FAULT_INJECTED = [it for it in WITH_JOBS if (it.jobs, it.db_driver) in JOB_BROKERS]
# mypy is the second type checker: each project runs ty itself.
CHECKED_BY_MYPY = [*FUZZED, *WITHOUT_EXAMPLE, *JOBS_FAULT_INJECTED]
FAULT_INJECTED_SERVER = [it for it in FAULT_INJECTED if it.has_server]

CHECKS = [
    Check("packages", ALL, install_packages),
    Check("database", ALL, create_database),
    Check("concurrent migrations", FAULT_INJECTED_DI, migrate_concurrently),
    Check("migrations", ALL, migrate),
    Check("own checks and tests", [it for it in ALL if it not in RECIPES_USED], run_own_checks),
    Check("isolated checks and tests", RECIPES_USED, run_isolated_checks),
    Check("interrupted tests", [it for it in RECIPES_USED if it.has_server], interrupt_tests),
    Check("rows between tests", RECIPES_USED, delete_rows_between_tests),
    Check("database round trips", FAULT_INJECTED, count_database_round_trips),
    Check("fault injection", FAULT_INJECTED, inject_faults),
    Check("job faults", JOBS_FAULT_INJECTED, inject_job_faults),
    Check("migrations beside requests", FAULT_INJECTED_DI, migrate_beside_requests),
    Check("connection pooler", FAULT_INJECTED_POSTGRESQL, migrate_through_pooler),
    Check("several machines", FAULT_INJECTED_DI_SERVER, use_several_machines),
    Check("database URLs", FAULT_INJECTED_DI_SERVER, try_database_urls),
    Check("other working folder", RECIPES_USED, use_other_working_folder),
    Check("malicious input", FAULT_INJECTED, send_malicious_input),
    Check("telemetry", [it for it in FAULT_INJECTED if it.auth], export_telemetry),
    Check("oldest job", JOBS_FAULT_INJECTED[:1], export_age_of_oldest_job),
    Check("added domain", FAULT_INJECTED_DI, add_domain),
    Check("revisions", REVISED, revise_models),
    Check("column types", FAULT_INJECTED_DI, revise_column_types),
    Check("refusal of other databases", FAULT_INJECTED_SERVER, check_refusal_of_other_databases),
    Check("fuzzing", FUZZED, fuzz),
    Check("latency beside logins", DEEPLY_FUZZED, measure_latency_beside_logins),
    Check("memory of sign-ins", DEEPLY_FUZZED[:1], measure_memory_of_sign_ins),
    Check("load", LOAD_TESTED, put_under_load),
    Check("image", IMAGE_BUILT, build_and_serve_image),
    Check("wheel", [DEFAULT], run_from_wheel),
    Check("use of indexes", USERS_ON_EACH_DATABASE, check_use_of_indexes),
    Check("mypy --strict", CHECKED_BY_MYPY, check_types),
    Check("recipes", RECIPES_USED, use_recipes),
]


def run_checks(project: GeneratedProject) -> None:
    """Runs the checks of a project's combination until one fails."""
    for check in CHECKS:
        if project.combination in check.combinations:
            start = time.monotonic()
            try:
                check.check(project)
            except CommandFailed:
                project.run.failed_check = check.name
                raise
            finally:
                project.run.seconds_by_check[check.name] = time.monotonic() - start


def estimate_cost(combination: Combination) -> int:
    """Returns how long a combination takes, roughly, compared with one without further checks."""
    further = (
        FAULT_INJECTED,
        FUZZED,
        JOBS_FAULT_INJECTED,
        DEEPLY_FUZZED,
        IMAGE_BUILT,
        LOAD_TESTED,
        RECIPES_USED,
    )
    return 1 + combination.auth + 2 * sum(combination in chosen for chosen in further)
