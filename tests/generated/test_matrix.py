"""The matrix installs, migrates, lints, type-checks and tests every combination.

Its own tests run on its own database. `checks.py` lists all checks, and the combinations of each.
"""

import re
from collections import Counter
from itertools import permutations, product

import pytest

from tests.generated import value_round_trips
from tests.generated.checks import (
    CHECKS,
    FAULT_INJECTED_DI,
    FAULT_INJECTED_DI_SERVER,
    FAULT_INJECTED_POSTGRESQL,
    JOBS_FAULT_INJECTED,
    REVISED,
    Check,
)
from tests.generated.database_urls import NO_TLS_SERVER, expected_outcomes
from tests.generated.job_faults import NO_BROKER
from tests.generated.live_migrations import NO_PGBOUNCER
from tests.generated.load import ERRORS, NO_WRK
from tests.generated.matrix import Matrix
from tests.generated.several_machines import NO_GALERA, WITH_PGBOUNCER
from tests.support.combinations import (
    COMBINATIONS,
    DEFAULT,
    DRIVERS,
    FAULT_INJECTED,
    FUZZED,
    JOBS,
    LOAD_TESTED,
    Combination,
)
from tests.support.missing_tools import report_not_run
from tests.support.template import ROOT

README = ROOT / "README.md"
README_COLUMNS = [DEFAULT, Combination("asyncpg", auth=True)]

# How often a request waits for the database if there are no users. For SQLite this counts calls to
# its thread, four for each statement (cursor, execute, fetch, close). MySQL's drivers cannot tell
# that a server has closed the connection, so a ping comes first.
DATABASE_ROUND_TRIPS = {
    "GET /health/live": {"postgresql": 0, "mysql": 0, "sqlite": 0},
    "GET /items/{id}": {"postgresql": 1, "mysql": 2, "sqlite": 4},
    "GET /items?limit=20": {"postgresql": 1, "mysql": 2, "sqlite": 4},
    "POST /items": {"postgresql": 3, "mysql": 3, "sqlite": 11},
    "PATCH /items/{id}": {"postgresql": 4, "mysql": 4, "sqlite": 15},
    "DELETE /items/{id}": {"postgresql": 4, "mysql": 4, "sqlite": 15},
}
# With users, one more statement reads the user of the request.
READ_USER = {"postgresql": 1, "mysql": 1, "sqlite": 4}

# Types that belong to no database by their name, but that some databases do not support.
IMPOSSIBLE = {"Unreadable(Color)"}
REFUSED = {
    "mysql": IMPOSSIBLE,
    "postgresql": IMPOSSIBLE
    | {"Text(1000)", "NVARCHAR(9)"}
    | {"postgresql.CITEXT", "postgresql.HSTORE"},  # the server of the tests has no extensions
    "sqlite": IMPOSSIBLE,
}


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_combination(combination: Combination, matrix: Matrix) -> None:
    assert matrix.result(combination).tests > 0


@pytest.mark.parametrize("combination", README_COLUMNS, ids=str)
def test_number_of_tests_in_readme(combination: Combination, matrix: Matrix) -> None:
    """The table of the README has the number of tests of two services."""
    row = re.search(
        r"^\| tests, seconds \| (\d+), .*? \| (\d+), ", README.read_text(), re.MULTILINE
    )
    assert row is not None
    number = int(row[1 + README_COLUMNS.index(combination)])
    assert matrix.result(combination).tests == number


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_combinations_of_check_are_in_matrix(check: Check) -> None:
    """The matrix runs a check only on its own combinations."""
    assert set(check.combinations) <= set(COMBINATIONS)


def test_each_engine_for_jobs_has_each_driver() -> None:
    found = Counter((it.jobs, it.db_driver) for it in COMBINATIONS if it.jobs != "none")
    assert found == Counter(product(JOBS[1:], DRIVERS))


def test_fuzzed_combinations_have_each_pair_of_answers() -> None:
    def pairs(combinations: list[Combination]) -> set[tuple[object, ...]]:
        return {
            pair
            for it in combinations
            for pair in permutations((it.db_driver, it.session_style, it.id_type, it.auth), 2)
        }

    without_jobs = [it for it in COMBINATIONS if it.jobs == "none"]
    assert pairs(FUZZED) == pairs(without_jobs)


@pytest.mark.parametrize("combination", FAULT_INJECTED, ids=str)
def test_fault_injection(combination: Combination, matrix: Matrix) -> None:
    """The service survives failures of its database, its disk, its connections and its clients."""
    findings = matrix.result(combination).findings["fault injection"]
    assert {name: found for name, found in findings.items() if found} == {}
    assert len(findings) > 1


@pytest.mark.parametrize("combination", JOBS_FAULT_INJECTED, ids=str)
def test_job_faults(combination: Combination, matrix: Matrix) -> None:
    """Each job takes effect once, whatever happens to relays, workers, brokers and the database."""
    if (findings := matrix.result(combination).findings.get("job faults")) is None:
        report_not_run(NO_BROKER)
    assert {name: found for name, found in findings.items() if found} == {}
    assert len(findings) > 1


@pytest.mark.parametrize("combination", FAULT_INJECTED_DI, ids=str)
def test_migrations_beside_requests(combination: Combination, matrix: Matrix) -> None:
    """No request fails because of a migration, and no migration because of another one."""
    findings = matrix.result(combination).findings["migrations beside requests"]
    assert {name: found for name, found in findings.items() if found} == {}


@pytest.mark.parametrize("combination", FAULT_INJECTED_POSTGRESQL, ids=str)
def test_connection_pooler(combination: Combination, matrix: Matrix) -> None:
    """Migrations through PgBouncer take the lock and release it, and the service's tests pass."""
    if (findings := matrix.result(combination).findings.get("connection pooler")) is None:
        report_not_run(NO_PGBOUNCER)
    assert findings == {"migrations": [], "own tests": []}


@pytest.mark.parametrize("combination", FAULT_INJECTED_DI_SERVER, ids=str)
def test_several_machines(combination: Combination, matrix: Matrix) -> None:
    """No row is lost, and the service works again, after faults of servers and of a pooler."""
    if (findings := matrix.result(combination).findings.get("several machines")) is None:
        report_not_run(NO_GALERA)
    assert {name: found for name, found in findings.items() if found} == {}
    assert len(findings) > 1
    if combination.database == "postgresql" and WITH_PGBOUNCER not in findings:
        report_not_run(NO_PGBOUNCER)


@pytest.mark.parametrize("combination", FAULT_INJECTED, ids=str)
def test_malicious_input(combination: Combination, matrix: Matrix) -> None:
    """Malicious requests get a documented refusal, which does not repeat the input."""
    findings = matrix.result(combination).findings["malicious input"]
    assert {name: found for name, found in findings.items() if found} == {}
    assert len(findings) > 1


@pytest.mark.parametrize("check", [check.__name__ for check in value_round_trips.CHECKS])
@pytest.mark.parametrize("combination", FAULT_INJECTED, ids=str)
def test_value_round_trips(combination: Combination, check: str, matrix: Matrix) -> None:
    """Values that the service accepts come back unchanged, also at the ends of pagination."""
    assert matrix.result(combination).findings["value round trips"][check] == []


@pytest.mark.parametrize("combination", FAULT_INJECTED, ids=str)
def test_database_round_trips(combination: Combination, matrix: Matrix) -> None:
    """No request waits for the database more often than expected."""
    database = combination.database
    expected = {
        route: round_trips[database]
        + (READ_USER[database] if combination.auth and "items" in route else 0)
        for route, round_trips in DATABASE_ROUND_TRIPS.items()
    }
    assert matrix.result(combination).database_round_trips == expected


@pytest.mark.parametrize("combination", FAULT_INJECTED_DI_SERVER, ids=str)
def test_database_urls(combination: Combination, matrix: Matrix) -> None:
    """URLs of hosting providers are translated or refused, and never connect in clear text."""
    if not (outcomes := matrix.result(combination).database_urls):
        report_not_run(NO_TLS_SERVER)
    assert outcomes == expected_outcomes(combination.db_driver, combination.database)


@pytest.mark.parametrize("combination", REVISED, ids=str)
def test_revisions(combination: Combination, matrix: Matrix) -> None:
    """A change that teams make to their models has a revision that goes up, down and up again."""
    findings = matrix.result(combination).findings["revisions"]
    assert {name: found for name, found in findings.items() if found} == {}
    assert len(findings) > 1


@pytest.mark.parametrize("combination", FAULT_INJECTED_DI, ids=str)
def test_column_types(combination: Combination, matrix: Matrix) -> None:
    """Every column type of the database has a revision. The others are refused with a reason."""
    results = matrix.result(combination).column_types
    refused = {name for name, result in results.items() if result.startswith("refused: ")}
    assert {results[name] for name in results.keys() - refused} == {"passed"}
    foreign = {
        "mysql": ("postgresql.", "ARRAY("),
        "postgresql": ("mysql.",),
        "sqlite": ("mysql.", "postgresql.", "ARRAY("),
    }[combination.database]
    expected = REFUSED[combination.database]
    assert {name for name in refused - expected if not name.startswith(foreign)} == set()
    assert expected <= refused


@pytest.mark.parametrize("combination", LOAD_TESTED, ids=str)
def test_load(combination: Combination, matrix: Matrix) -> None:
    """Under load no request fails, and the memory does not grow."""
    if (load := matrix.result(combination).load) is None:
        report_not_run(NO_WRK)
    assert load.errors == dict.fromkeys(ERRORS, 0)
    assert load.requests > 1000
    assert load.memory_after < load.memory_before * 1.1
