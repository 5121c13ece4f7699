"""Each request has an id, and one line of log that holds nothing secret."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from httpx2 import AsyncClient
from starlette.types import Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from app.logging import RequestLogMiddleware
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

    class Output:
        def info(self, line: bytes) -> None:
            found.append(json.loads(line))

    monkeypatch.setattr("app.logging.out", Output())
    return found


async def test_one_line_a_request(client: AsyncClient, lines: list[dict[str, Any]]) -> None:
    await client.get("/health/live?token=secret", headers={"authorization": "secret"})
    (line,) = lines
    assert (line["method"], line["path"], line["status"]) == ("GET", "/health/live", 200)
    assert line["timestamp"].endswith("Z")
    assert "secret" not in str(line)


async def handler(_: Scope, __: Receive, ___: Send) -> None:
    bind_contextvars(customer=object)


async def receive() -> Message:
    raise NotImplementedError


async def send(_: Message) -> None:
    raise NotImplementedError


async def call(settings: Settings) -> None:
    scope = {"type": "http", "method": "GET", "raw_path": b"/", "headers": []}
    await RequestLogMiddleware(handler, settings)(scope, receive, send)


async def test_no_line_where_warnings_are_enough(
    settings: Settings, lines: list[dict[str, Any]]
) -> None:
    await call(settings.model_copy(update={"log_level": "WARNING"}))
    assert lines == []


async def test_what_a_handler_binds_is_in_the_line(
    settings: Settings, lines: list[dict[str, Any]]
) -> None:
    await call(settings)
    (line,) = lines
    assert (line["customer"], line["status"]) == (repr(object), 500)
    assert len(line["request_id"]) == 32


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
