"""Every combination: installed, migrated, linted, typed, and its own tests on its own database.

And projects whose answers change."""

import os

import pytest

from tests.cells import CELLS, PROBED, Cell
from tests.matrix import Matrix, Run
from tests.walks import WALKS, Walk


def result(matrix: Matrix, of: Cell | Walk) -> Run:
    run = matrix.result(of)
    if run.missing and "REQUIRE_ALL_DATABASES" not in os.environ:
        pytest.skip(run.missing)
    if run.missing or run.failure:
        pytest.fail(run.missing or run.failure, pytrace=False)
    return run


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
