"""Every error is a problem, and none of them gives the input back."""

import json

import pytest
from fastapi import APIRouter, HTTPException
from httpx2 import AsyncClient, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.api import routers
from app.db.models import Text
from app.errors import MOST_ERRORS
from app.settings import Settings

routes = APIRouter(prefix="/test-errors")
done: list[str] = []


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Text


@routes.post("/echo")
async def echo(body: Body) -> Body:
    return body


@routes.get("/echo")
async def listen() -> None: ...


@routes.post("/quote")
async def quote(words: list[str]) -> None:
    raise HTTPException(400, f"Not {words[0]}.")


@routes.get("/crash")
async def crash() -> None:
    raise RuntimeError("a secret of the inside")


@routes.get("/busy")
async def busy() -> None:
    raise PoolTimeout("no connection is free")


@routes.post("/count", status_code=204)
async def count() -> None:
    done.append("without a look at the body")


routers.append(routes)


def assert_problem(response: Response, status: int) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= response.json().keys()
    assert response.json()["status"] == status


async def test_an_unknown_path(client: AsyncClient) -> None:
    assert_problem(await client.get("/nowhere"), 404)


async def test_a_wrong_method(client: AsyncClient) -> None:
    response = await client.delete("/test-errors/echo")
    assert_problem(response, 405)
    assert response.headers["allow"] == "GET, POST"


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
async def test_invalid_input_is_not_given_back(client: AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test-errors/echo", content=body, headers=headers)
    assert_problem(response, response.status_code)
    assert response.status_code in {400, 422}
    assert "secret" not in response.text


async def test_a_detail_that_utf_8_cannot_hold(client: AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test-errors/quote", content=b'["\\ud800"]', headers=headers)
    assert_problem(response, 400)


@pytest.mark.parametrize("body", [b"{", b'{"text": ' + b"9" * 5000 + b"}", b"\xff\xfe"])
async def test_what_is_not_json(client: AsyncClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = await client.post("/test-errors/echo", content=body, headers=headers)
    assert_problem(response, response.status_code)
    assert response.status_code in {400, 422}


async def test_a_body_over_the_limit(client: AsyncClient, settings: Settings) -> None:
    body = json.dumps({"text": "x" * settings.max_body_size})
    headers = {"content-type": "application/json"}
    assert_problem(await client.post("/test-errors/echo", content=body, headers=headers), 413)


async def test_what_is_refused_is_not_done(client: AsyncClient, settings: Settings) -> None:
    done.clear()
    body = b"x" * (settings.max_body_size + 1)
    assert_problem(await client.post("/test-errors/count", content=body), 413)
    assert done == []
    assert (await client.post("/test-errors/count", content=body[1:])).status_code == 204
    assert len(done) == 1


async def test_any_number_of_errors_has_a_short_answer(client: AsyncClient) -> None:
    body = {str(number): number for number in range(10_000)}
    response = await client.post("/test-errors/echo", json=body)
    assert_problem(response, 422)
    assert len(response.json()["errors"]) == MOST_ERRORS


async def test_a_crash_tells_only_its_request_id(client: AsyncClient) -> None:
    response = await client.get("/test-errors/crash", headers={"x-request-id": "abc-1"})
    assert_problem(response, 500)
    assert "secret" not in response.text
    assert response.headers["x-request-id"] == "abc-1"


async def test_only_the_log_says_why_it_is_unavailable(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, str]] = []
    monkeypatch.setattr("app.errors.log.warning", lambda _, **line: lines.append(line))
    response = await client.get("/test-errors/busy")
    assert_problem(response, 503)
    assert "connection" not in response.text
    assert "no connection is free" in lines[0]["reason"]
