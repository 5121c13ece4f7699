"""Every error response is a problem (RFC 9457), and never repeats the input."""

import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import TimeoutError as PoolTimeout
from structlog.testing import capture_logs

from app.api import include_domain
from app.db.database import Database
from app.http.problems import MAX_ERRORS
from app.http.schemas import Text

routes = APIRouter(prefix="/test-problems")


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Text


@routes.post("/echo")
async def echo(body: Body) -> Body:
    return body


@routes.post("/quote")
async def quote(words: list[str]) -> None:
    raise HTTPException(400, f"Not {words[0]}.")


@routes.get("/status/{status}")
async def raise_status(status: int) -> None:
    raise HTTPException(status, {"a": {1}})


@routes.get("/crash")
async def crash() -> None:
    raise AttributeError("a secret detail")


@routes.get("/busy")
async def busy() -> None:
    raise PoolTimeout("no connection is free")


@routes.get("/unconnected")
async def unconnected() -> None:
    async with Database().unit():
        pass


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


def assert_problem(response: Response, status: int) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= response.json().keys()
    assert (response.json()["status"], response.json()["type"]) == (status, "about:blank")


async def test_not_found(client: AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404)


async def test_unusual_status(client: AsyncClient) -> None:
    response = await client.get("/test-problems/status/499")
    assert_problem(response, 499)
    assert (response.json()["title"], response.json()["detail"]) == ("Error", '{"a": "{1}"}')
    response = await client.get("/test-problems/status/304")
    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "secret\\u0000"}',
        b'{"text": "secret\\ud800"}',
        b'{"text": ["secret"]}',
        b'{"text": "a", "\\ud800": "secret"}',
        b"[" * 5000 + b"]" * 5000,
    ],
)
async def test_invalid_input_is_not_repeated(client: AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test-problems/echo", content=body, headers=headers)
    assert_problem(response, response.status_code)
    assert response.status_code in {400, 422}
    assert "secret" not in response.text


async def test_lone_surrogate_in_detail(client: AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test-problems/quote", content=b'["\\ud800"]', headers=headers)
    assert_problem(response, 400)


@pytest.mark.parametrize("body", [b"{", b'{"text": ' + b"9" * 5000 + b"}", b"\xff\xfe"])
async def test_invalid_json(client: AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test-problems/echo", content=body, headers=headers)
    assert_problem(response, response.status_code)
    assert response.status_code in {400, 422}


async def test_number_of_validation_errors_is_limited(client: AsyncClient) -> None:
    body = {str(number): number for number in range(10_000)}
    response = await client.post("/test-problems/echo", json=body)
    assert_problem(response, 422)
    assert len(response.json()["errors"]) == MAX_ERRORS


async def test_unexpected_error(client: AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    response = await client.get("/test-problems/crash", headers={"x-request-id": "abc-1"})
    assert_problem(response, 500)
    assert "secret" not in response.text
    assert response.headers["x-request-id"] == "abc-1"
    assert "AttributeError: a secret detail" in capsys.readouterr().err  # shown if a test fails


async def test_unavailable_reason_is_only_logged(client: AsyncClient) -> None:
    with capture_logs() as logs:
        response = await client.get("/test-problems/busy")
    assert_problem(response, 503)
    assert "connection" not in response.text
    assert "no connection" in {log["event"]: log for log in logs}["unavailable"]["reason"]


@pytest.mark.parametrize("path", ["/health/ready", "/test-problems/unconnected"])
async def test_request_without_lifespan(app: FastAPI, path: str) -> None:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        with pytest.raises(RuntimeError, match="its lifespan has not started"):
            await client.get(path)
