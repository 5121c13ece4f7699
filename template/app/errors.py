"""Errors as the client meets them: `application/problem+json`, RFC 9457."""

import json
from collections.abc import Mapping
from http import HTTPMethod, HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import HTTPException, RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match
from structlog.contextvars import get_contextvars

from app.db.codes import CONFLICT, code_of, is_unavailable

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"Retry-After": "1"}  # seconds
MOST_ERRORS = 100  # in one answer: a body may have any number
TAKEN = "It conflicts with what is stored: a unique value exists, or a row referred to does not."

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
INVALID: dict[str, Any] = {
    "type": "object",
    "required": [*PROBLEM["required"], "errors"],
    "properties": PROBLEM["properties"]
    | {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        }
    },
}


class NotFound(HTTPException):
    def __init__(self, detail: str) -> None:
        super().__init__(404, detail)


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    # ASCII: a detail may quote half a surrogate pair from the input, which UTF-8 cannot hold.
    return Response(json.dumps(body).encode("ascii"), status, headers, PROBLEM_JSON)


def unavailable(reason: str) -> Response:
    log.warning("unavailable", reason=reason)
    return problem(503, "The service is busy or its database is away. Try again.", RETRY_AFTER)


def allow(request: Request) -> dict[str, str]:
    """All methods of the path (RFC 9110, 10.2.1): Starlette names those of its first route."""
    methods = [
        method
        for method in HTTPMethod
        for route in request.app.routes
        if route.matches({**request.scope, "method": method})[0] is Match.FULL
    ]
    return {"Allow": ", ".join(methods)} if methods else {}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route or a router, for the OpenAPI document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": INVALID if status == 422 else PROBLEM}},
        }
        for status in statuses
    }


def install_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(StarletteHTTPException)
    async def http_error(request: Request, error: StarletteHTTPException) -> Response:
        headers = allow(request) if error.status_code == 405 else None
        return problem(error.status_code, str(error.detail), headers or error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        some = error.errors()[:MOST_ERRORS]
        errors = [{key: e[key] for key in ("loc", "msg", "type")} for e in some]
        return problem(422, "The request is not valid.", errors=errors)

    @app.exception_handler(DBAPIError)
    async def database_error(_: Request, error: DBAPIError) -> Response:
        if code_of(error) in CONFLICT:
            return problem(409, TAKEN)
        if is_unavailable(error):
            return unavailable(repr(error.orig))
        raise error

    @app.exception_handler(PoolTimeout)
    async def pool_exhausted(_: Request, error: PoolTimeout) -> Response:
        return unavailable(repr(error))

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> Response:
        request_id = str(get_contextvars().get("request_id", ""))
        return problem(500, "An unexpected error.", {"X-Request-ID": request_id})
