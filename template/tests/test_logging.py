"""Each request has an id, and one line of log that holds nothing secret."""

import os
import subprocess
import sys
from typing import Any

import pytest
from httpx2 import AsyncClient

from app.settings import Settings

FAIL = """
import logging, structlog
from app.logging import configure_logging
from app.settings import Settings

def fail():
    password = "se" + "cret"
    raise ValueError("it " + "failed")  # its source may be shown

configure_logging(Settings())
try:
    fail()
except ValueError:
    structlog.get_logger().exception("here")
    logging.getLogger("uvicorn.error").exception("there")
"""


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


async def test_a_long_path_is_cut(client: AsyncClient, lines: list[dict[str, Any]]) -> None:
    await client.get("/health/" + "x" * 20_000)
    (line,) = lines
    assert line["path"] == "/health/" + "x" * 992


async def test_the_caller_may_name_the_request(client: AsyncClient) -> None:
    response = await client.get("/health/live", headers={"x-request-id": "from-a.proxy_1"})
    assert response.headers["x-request-id"] == "from-a.proxy_1"


@pytest.mark.parametrize("request_id", ["", "two words", "x" * 65, "<script>", "line\x0bfeed"])
async def test_but_not_by_anything(client: AsyncClient, request_id: str) -> None:
    response = await client.get("/health/live", headers={"x-request-id": request_id})
    assert response.headers["x-request-id"] != request_id
    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_has_no_local_variables(settings: Settings, form: str) -> None:
    url = settings.database_url.render_as_string(hide_password=False)
    env = os.environ | {"DATABASE_URL": url, "LOG_FORMAT": form}
    printed = subprocess.check_output([sys.executable, "-c", FAIL], env=env, text=True)
    assert printed.count("it failed") == 2
    assert "fail" in printed
    assert "secret" not in printed
