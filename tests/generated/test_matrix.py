"""Every combination: installed, migrated, linted, typed, and its own tests on its own database.

And projects whose answers change."""

import os
from typing import NoReturn

import pytest

from tests.cells import CELLS, LOADED, PROBED, Cell
from tests.load import ERRORS, NO_WRK
from tests.matrix import Matrix, Run
from tests.walks import WALKS, Walk

# How often a request waits for its database, where there are no users: on the wire, or for SQLite
# calls to its thread, four a statement (a cursor, execute, fetch, close). MySQL's drivers cannot
# tell that a server is gone, so a ping comes first. A PATCH reads once more, after its response.
ROUND_TRIPS = {
    "GET /health/live": {"postgresql": 0, "mysql": 0, "sqlite": 0},
    "GET /items/{id}": {"postgresql": 1, "mysql": 2, "sqlite": 4},
    "GET /items?limit=20": {"postgresql": 1, "mysql": 2, "sqlite": 4},
    "POST /items": {"postgresql": 3, "mysql": 3, "sqlite": 11},
    "PATCH /items/{id}": {"postgresql": 5, "mysql": 6, "sqlite": 19},
    "DELETE /items/{id}": {"postgresql": 4, "mysql": 4, "sqlite": 15},
}
USER = {"postgresql": 1, "mysql": 1, "sqlite": 4}  # whose request it is, is a read


def result(matrix: Matrix, of: Cell | Walk) -> Run:
    run = matrix.result(of)
    if run.missing:
        not_run(run.missing)
    if run.failure:
        pytest.fail(run.failure, pytrace=False)
    return run


def not_run(missing: str) -> NoReturn:
    if "REQUIRE_TOOLS" in os.environ:
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_cell(cell: Cell, matrix: Matrix) -> None:
    assert result(matrix, cell).tests > 0


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_every_change_of_an_answer_can_be_migrated(walk: Walk, matrix: Matrix) -> None:
    assert result(matrix, walk).tests > 0


@pytest.mark.parametrize("cell", PROBED, ids=str)
def test_it_holds_when_its_database_and_its_clients_fail(cell: Cell, matrix: Matrix) -> None:
    faults = result(matrix, cell).faults
    assert {name: found for name, found in faults.items() if found} == {}
    assert len(faults) > 1


@pytest.mark.parametrize("cell", PROBED, ids=str)
def test_no_request_waits_for_its_database_more_often_than_it_must(
    cell: Cell, matrix: Matrix
) -> None:
    expected = {
        route: trips[cell.family] + (USER[cell.family] if cell.auth and "items" in route else 0)
        for route, trips in ROUND_TRIPS.items()
    }
    assert result(matrix, cell).round_trips == expected


@pytest.mark.parametrize("cell", LOADED, ids=str)
def test_it_bears_load(cell: Cell, matrix: Matrix) -> None:
    if (load := result(matrix, cell).load) is None:
        not_run(NO_WRK)
    assert load.errors == dict.fromkeys(ERRORS, 0)
    assert load.requests > 1000
    assert load.after < load.before * 1.1
