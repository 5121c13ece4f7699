"""Every combination: installed, migrated, linted, typed, and its own tests on its own database."""

import os

import pytest

from tests.cells import CELLS, Cell
from tests.matrix import Matrix


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_cell(cell: Cell, matrix: Matrix) -> None:
    run = matrix.result(cell)
    if run.missing and "REQUIRE_ALL_DATABASES" not in os.environ:
        pytest.skip(run.missing)
    assert not run.missing
    assert not run.failure, run.failure
    assert run.tests > 0
