"""Structured logs on standard output: readable on a terminal, JSON otherwise."""

import json
import logging
import sys
from contextlib import suppress
from typing import Any

import orjson
import structlog
from structlog.contextvars import merge_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper, add_log_level
from structlog.stdlib import ProcessorFormatter, add_logger_name
from structlog.tracebacks import ExceptionDictTransformer

from app.settings import Settings


class Output(structlog.BytesLogger):
    """Ignores a full disk or a closed pipe, as the standard library does."""

    def msg(self, message: bytes) -> None:
        with suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = exception = msg


def to_json(entry: Any, default: Any) -> bytes:
    try:
        return orjson.dumps(entry, default, orjson.OPT_NON_STR_KEYS)
    except TypeError:  # an integer over 64 bits, a lone surrogate, a tuple as a key
        return json.dumps(entry, default=default, skipkeys=True).encode()


def configure_logging(settings: Settings) -> None:
    """Configure structlog and the standard library to log in the same format."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    processors: list[Any] = [merge_contextvars, add_log_level, TimeStamper("iso")]
    ours: list[Any]
    standard: list[Any]
    loggers: Any
    if settings.log_format == "console" or (settings.log_format == "auto" and sys.stdout.isatty()):
        ours = standard = [ConsoleRenderer(exception_formatter=plain_traceback)]
        loggers = structlog.PrintLoggerFactory()
    else:
        # Tracebacks without local variables: one of them may be a password.
        tracebacks = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        ours = [tracebacks, JSONRenderer(to_json)]
        standard = [tracebacks, JSONRenderer()]
        loggers = Output
    structlog.configure(
        [*processors, *ours], structlog.make_filtering_bound_logger(level), logger_factory=loggers
    )

    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*processors, add_logger_name],
            processors=[ProcessorFormatter.remove_processors_meta, *standard],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("app.db.pool").setLevel(logging.WARNING)  # as for SQLAlchemy's own pools
    access = logging.getLogger("uvicorn.access")  # RequestLogMiddleware logs the requests
    access.handlers.clear()
    access.propagate = False
