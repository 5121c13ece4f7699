"""The OpenAPI document passes all rules of Spectral and Redocly. Exceptions have a reason there."""

import pytest

from tests.openapi.conftest import Service

pytestmark = pytest.mark.slow


def test_spectral(node_service: Service) -> None:
    node_service.run_tool(
        "spectral", "lint", "openapi.json", "--ruleset=spectral.yaml", "--fail-severity=hint"
    )


def test_redocly(node_service: Service) -> None:
    node_service.run_tool("redocly", "lint", "openapi.json", "--config=redocly.yaml")
