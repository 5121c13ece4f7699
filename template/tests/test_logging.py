"""Each request has an id, and one line of log that holds nothing secret."""

from typing import Any

import pytest
from httpx2 import AsyncClient


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    monkeypatch.setattr("app.logging.log.info", lambda event, **line: found.append(line))
    return found


async def test_one_line_a_request(client: AsyncClient, lines: list[dict[str, Any]]) -> None:
    await client.get("/health/live?token=secret", headers={"authorization": "secret"})
    (line,) = lines
    assert (line["method"], line["path"], line["status"]) == ("GET", "/health/live", 200)
    assert "secret" not in str(line)


async def test_the_caller_may_name_the_request(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"x-request-id": "from-a.proxy_1"})
    assert response.headers["x-request-id"] == "from-a.proxy_1"


@pytest.mark.parametrize("request_id", ["", "two words", "x" * 65, "<script>", "line\x0bfeed"])
async def test_but_not_by_anything(client: AsyncClient, request_id: str) -> None:
    response = await client.get("/health/live", headers={"x-request-id": request_id})
    assert response.headers["x-request-id"] != request_id
    assert len(response.headers["x-request-id"]) == 32
