"""Structured logs, one line a request: for people on a terminal, JSON elsewhere."""

import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from random import getrandbits
from time import perf_counter
from typing import Any

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import (
    bind_contextvars,
    clear_contextvars,
    get_contextvars,
    merge_contextvars,
)
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper, add_log_level
from structlog.stdlib import ProcessorFormatter, add_logger_name
from structlog.tracebacks import ExceptionDictTransformer

from app.settings import Settings

ACCEPTABLE_ID = re.compile(rb"[\w.-]{1,64}")
LONGEST_PATH = 1000  # bytes: what collects logs cuts a long line, and then it is no JSON
# Tracebacks without local variables, of which one may be a password.
dict_tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))

log = structlog.get_logger()
out = structlog.BytesLogger()


def configure_logging(settings: Settings) -> None:
    """Give the lines of structlog and of the standard library one form, on standard output."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    processors: list[Any] = [merge_contextvars, add_log_level, TimeStamper("iso")]
    if for_people(settings):
        console = ConsoleRenderer(exception_formatter=plain_traceback)
        structlog.configure([*processors, console], structlog.make_filtering_bound_logger(level))
        standard: list[Any] = [console]
    else:
        structlog.configure(
            [*processors, dict_tracebacks, JSONRenderer(orjson.dumps)],
            structlog.make_filtering_bound_logger(level),
            logger_factory=structlog.BytesLoggerFactory(),
            cache_logger_on_first_use=True,
        )
        standard = [dict_tracebacks, JSONRenderer()]

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*processors, add_logger_name],
            processors=[ProcessorFormatter.remove_processors_meta, *standard],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error"):  # theirs go the same way
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("app.db.pool").setLevel(logging.WARNING)  # as SQLAlchemy's own pools are
    access = logging.getLogger("uvicorn.access")  # RequestLogMiddleware writes that line
    access.handlers.clear()
    access.propagate = False


def for_people(settings: Settings) -> bool:
    return settings.log_format == "console" or (
        settings.log_format == "auto" and sys.stdout.isatty()
    )


def line_writer(settings: Settings) -> Callable[[dict[str, Any]], None]:
    """What becomes of the line of a request."""

    def write(line: dict[str, Any]) -> None:  # as structlog would, at a third of its cost
        event = {"event": "request", **get_contextvars(), "level": "info"}
        stamp = {"timestamp": datetime.now(UTC)}
        out.info(orjson.dumps(line | event | stamp, default=repr, option=orjson.OPT_UTC_Z))

    def show(line: dict[str, Any]) -> None:
        log.info("request", **line)

    def drop(_: dict[str, Any]) -> None: ...

    if settings.log_level not in {"DEBUG", "INFO"}:
        return drop
    return show if for_people(settings) else write


class RequestLogMiddleware:
    """Gives each request an id, the caller's `X-Request-ID` if it is sane, and one line of log.

    The line has the path and not the query, which may hold what belongs in no log.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.write = line_writer(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        request_id = dict(scope["headers"]).get(b"x-request-id", b"")
        if not ACCEPTABLE_ID.fullmatch(request_id):
            request_id = b"%032x" % getrandbits(128)
        clear_contextvars()
        bind_contextvars(request_id=request_id.decode())
        status = 500
        start = perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            line = {
                "method": scope["method"],
                "path": scope["raw_path"][:LONGEST_PATH].decode("ascii", "replace"),
                "status": status,
                "ms": round((perf_counter() - start) * 1000, 1),
            }
            self.write(line)
