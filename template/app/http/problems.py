"""Error responses as `application/problem+json` (RFC 9457)."""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.utils import is_body_allowed_for_status_code
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from structlog.contextvars import get_contextvars

from app.db.database import SessionError
from app.db.error_codes import CONFLICT, INVALID, code_of, is_unavailable
from app.errors import DomainError
from app.http.methods import allowed_methods

log = structlog.get_logger()
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)  # with telemetry
PROBLEM_JSON = "application/problem+json"
SCHEMAS = "#/components/schemas/{model}"
RETRY_AFTER = {"Retry-After": "1"}  # seconds
MAX_ERRORS = 100  # per response; a large body could have any number
CONFLICTING = (
    "The request conflicts with existing data: a value that must be unique is taken, a referenced "
    "row does not exist, or the row is still referenced."
)
REJECTED = "The database rejected a value: it is missing, too long, out of range or not allowed."
TYPE_MISMATCH = "A value does not fit the type of its column, or is a time without a UTC offset."
NOT_STARTED = """\
The application has no database, because its lifespan has not started. In a test, use the `client`
fixture, or `with TestClient(app) as client:`."""


class Problem(BaseModel):
    """An error response."""

    type: str
    title: str
    status: int
    detail: str
    trace_id: str = Field(default="", description="With telemetry: the trace of the request.")


class InvalidValue(BaseModel):
    loc: list[str | int]
    msg: str
    type: str


class ValidationProblem(Problem):
    """An error response that lists what is wrong with the request."""

    errors: list[InvalidValue]


def problem_response(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    if not is_body_allowed_for_status_code(status):
        return Response(status_code=status, headers=headers)
    title = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Error"
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    if trace := trace_id.get():
        body["trace_id"] = trace
    # ASCII: the detail may quote a lone surrogate from the input, which UTF-8 cannot encode.
    return Response(json.dumps(body).encode("ascii"), status, headers, PROBLEM_JSON)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route or a router, for the OpenAPI document."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"schema": {"$ref": SCHEMAS.format(model=model.__name__)}}},
        }
        for status in statuses
        for model in [ValidationProblem if status == 422 else Problem]
    }


def unavailable(reason: str) -> Response:
    """A 503 response. The reason is logged, but not sent to the client."""
    log.warning("unavailable", reason=reason)
    return problem_response(
        503, "The service is temporarily unavailable. Please retry.", RETRY_AFTER
    )


def add_error_handlers(app: FastAPI) -> None:
    @app.exception_handler(DomainError)
    async def domain_error(_: Request, error: DomainError) -> Response:
        return problem_response(error.status, str(error), error.headers)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        headers = {"Allow": allowed_methods(request)} if error.status_code == 405 else error.headers
        detail: Any = error.detail
        if not isinstance(detail, str):
            detail = json.dumps(detail, default=str)
        return problem_response(error.status_code, detail, headers)

    @app.exception_handler(ClientDisconnect)
    async def client_disconnect(_: Request, __: ClientDisconnect) -> Response:
        return problem_response(400, "The body is incomplete.")  # for the log

    @app.exception_handler(RequestValidationError)
    async def validation_error(_: Request, error: RequestValidationError) -> Response:
        found = error.errors()[:MAX_ERRORS]
        errors = [{key: each[key] for key in InvalidValue.model_fields} for each in found]
        return problem_response(422, "The request is not valid.", errors=errors)

    @app.exception_handler(DBAPIError)
    async def database_error(_: Request, error: DBAPIError) -> Response:
        code = code_of(error)
        if code in CONFLICT:
            return problem_response(409, CONFLICTING)
        if code in INVALID:
            return problem_response(400, REJECTED)
        if is_unavailable(error):
            return unavailable(repr(error.orig))
        raise error

    @app.exception_handler(StatementError)
    async def type_mismatch(_: Request, error: StatementError) -> Response:
        """SQLAlchemy could not convert a value to the type of its column."""
        if error.orig is None or isinstance(error.orig, SQLAlchemyError):
            raise error
        log.warning("type mismatch", reason=repr(error.orig))
        if isinstance(error.orig, OverflowError):
            return problem_response(400, REJECTED)
        return problem_response(422, TYPE_MISMATCH, errors=[])

    @app.exception_handler(PoolTimeout)
    async def pool_timeout(_: Request, error: PoolTimeout) -> Response:
        return unavailable(repr(error))

    @app.exception_handler(Exception)
    async def unexpected_error(request: Request, error: Exception) -> Response:
        if isinstance(error, AttributeError | SessionError) and not hasattr(request.state, "db"):
            raise RuntimeError(NOT_STARTED) from error
        request_id = str(get_contextvars().get("request_id", ""))
        return problem_response(500, "An unexpected error occurred.", {"X-Request-ID": request_id})
