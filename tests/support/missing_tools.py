"""Tests that need a tool which is not installed."""

import os
from typing import NoReturn

import pytest


def report_not_run(reason: str) -> NoReturn:
    """Reports the test as NOT RUN, or as failed if `REQUIRE_TOOLS` is set, as in CI."""
    if "REQUIRE_TOOLS" in os.environ:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
