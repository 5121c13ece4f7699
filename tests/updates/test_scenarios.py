"""Every change of an answer can be migrated, with rows in the tables."""

import pytest

from tests.generated.matrix import Matrix
from tests.updates.scenarios import SCENARIOS, Scenario


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_changed_answers_can_be_migrated(scenario: Scenario, matrix: Matrix) -> None:
    assert matrix.result(scenario).tests > 0
