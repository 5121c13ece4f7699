"""OpenTelemetry: a trace for each request with its statements, and metrics of the pools.

FastAPI itself traces and counts the requests, and sends all data to OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import os
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from uuid import uuid4

import structlog
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from app.db.database import Database
from app.db.pool import FifoPool
from app.http.problems import trace_id

NOT_INSTALLED = "TELEMETRY=true needs more packages: run `uv sync --extra telemetry`."
NO_ENDPOINT = (
    "TELEMETRY=true sends nothing, because OTEL_EXPORTER_OTLP_ENDPOINT is not set. It must be an "
    "environment variable: OpenTelemetry does not read .env."
)
SAMPLED = 0.1  # the share of the traces that begin here
WAIT_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)  # seconds

log = structlog.get_logger()
tracer = trace.get_tracer("app")
meter = metrics.get_meter("app")


def configure_telemetry(name: str) -> None:
    """Name the service, its version and this process in all data. FastAPI adds the exporters.

    OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES take precedence.
    """
    try:
        from opentelemetry.exporter.otlp.proto import http as _  # noqa: F401
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError:
        raise SystemExit(NOT_INSTALLED) from None
    if not any(key.startswith("OTEL_EXPORTER_OTLP") and "ENDPOINT" in key for key in os.environ):
        log.warning(NO_ENDPOINT)
    try:
        installed = version(name)
    except PackageNotFoundError:  # the code runs without an installation
        installed = "unknown"
    attributes = {
        "service.name": name,
        "service.version": installed,
        "service.instance.id": str(uuid4()),  # otherwise, the metrics of workers would collide
    }
    resource = Resource.create(attributes).merge(OTELResourceDetector().detect())
    # OTEL_TRACES_SAMPLER takes precedence. With all traces, a read takes 30 to 60 % more CPU.
    sampler = None if "OTEL_TRACES_SAMPLER" in os.environ else ParentBasedTraceIdRatio(SAMPLED)
    # Exemplars link metrics to traces. Requests are a few percent faster without them.
    os.environ.setdefault("OTEL_METRICS_EXEMPLAR_FILTER", "always_off")
    trace.set_tracer_provider(TracerProvider(sampler, resource))
    metrics.set_meter_provider(MeterProvider(resource=resource))


class TraceMiddleware:
    """Adds the id of the trace to each log entry and error response of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        span = trace.get_current_span()
        if scope.get("query_string"):
            span.set_attribute("url.query", "REDACTED")  # it may contain secrets
        if (context := span.get_span_context()).is_valid:
            found = trace.format_trace_id(context.trace_id)
            trace_id.set(found)
            bind_contextvars(trace_id=found)
        await self.app(scope, receive, send)


def observe(db: Database) -> None:
    """Trace the statements of a database, and measure its pools."""
    pools = {name: trace_statements(engine) for name, engine in db.engines.items()}
    wait_time = meter.create_histogram(
        "db.client.connection.wait_time",
        unit="s",
        description="How long a unit of work waited for a connection.",
        explicit_bucket_boundaries_advisory=WAIT_BUCKETS,
    )
    for name, pool in pools.items():
        pool.observe_wait = lambda seconds, labels={"db.client.connection.pool.name": name}: (
            wait_time.record(seconds, labels)
        )

    def count(_: CallbackOptions) -> Iterable[Observation]:
        for name, pool in pools.items():
            for state, number in {"used": pool.checkedout(), "idle": pool.checkedin()}.items():
                labels = {
                    "db.client.connection.pool.name": name,
                    "db.client.connection.state": state,
                }
                yield Observation(number, labels)

    meter.create_observable_up_down_counter(
        "db.client.connection.count", [count], "{connection}", "Open connections."
    )


def trace_statements(engine: AsyncEngine) -> FifoPool:
    """Create a span for each statement, with its text, but without its parameter values."""
    url = engine.url
    common: dict[str, Any] = {
        "db.system.name": engine.dialect.name,
        "db.namespace": url.database or "",
        "server.address": url.host or "",
    }

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def start(connection: Connection, _: Any, statement: str, *__: Any) -> None:
        parent = trace.get_current_span()
        if parent.get_span_context().is_valid and not parent.is_recording():
            return  # a span that is not recorded costs almost as much as a recorded one
        operation = statement.split(None, 1)[0]
        attributes = {**common, "db.operation.name": operation, "db.query.text": statement}
        connection.info["span"] = tracer.start_span(
            operation, kind=SpanKind.CLIENT, attributes=attributes
        )

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def end(connection: Connection, *_: Any) -> None:
        if span := connection.info.pop("span", None):
            span.end()

    @event.listens_for(engine.sync_engine, "handle_error")
    def fail(context: ExceptionContext) -> None:
        if context.connection and (span := context.connection.info.pop("span", None)):
            # The message of the error is left out, because it may contain values.
            span.set_attribute("error.type", type(context.original_exception).__name__)
            span.set_status(StatusCode.ERROR)
            span.end()

    assert isinstance(engine.pool, FifoPool)
    return engine.pool
