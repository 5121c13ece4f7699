"""Telemetry names each statement and each trace. Without TELEMETRY, none of its code runs."""

import asyncio
import sys
from itertools import product
from types import FrameType
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from httpx2 import ASGITransport, AsyncClient
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, use_span
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select
from structlog.contextvars import get_contextvars

from app import telemetry
from app.api import NAME, create_app
from app.db.engine import create_writer
from app.db.session import connect
from app.http.problems import trace_id
from app.settings import Settings


async def test_no_code_runs_when_it_is_off(client: AsyncClient) -> None:
    called: list[str] = []

    def record(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_filename)

    sys.setprofile(record)
    await client.get("/health/ready")
    await client.get("/unknown")
    sys.setprofile(None)
    assert any(name.endswith("request_log.py") for name in called)
    assert [name for name in called if name == telemetry.__file__ or "/sdk/" in name] == []


async def test_statements_without_values(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", provider.get_tracer("test"))
    engine = create_writer(settings)
    telemetry.trace_statements(engine)
    secret = {"value": "secret"}
    async with engine.connect() as connection:
        await connection.execute(text("SELECT CAST(:value AS CHAR(6))"), secret)
        with use_span(NonRecordingSpan(SpanContext(1, 1, is_remote=False))):
            await connection.execute(text("SELECT 1"))  # of a request that is not recorded
        with pytest.raises(SQLAlchemyError):
            await connection.execute(text("SELECT CAST(:value AS CHAR(6)) FROM nowhere"), secret)
    await engine.dispose()
    statement, failed = [span for span in exporter.get_finished_spans() if span.name == "SELECT"]
    assert statement.attributes and failed.attributes
    assert "CAST" in str(statement.attributes["db.query.text"])
    assert statement.attributes["db.system.name"] == engine.dialect.name
    assert statement.attributes["db.namespace"] == settings.database_url.database
    assert statement.attributes["server.address"] == (settings.database_url.host or "")
    assert statement.status.is_unset
    assert (failed.status.status_code, failed.status.description) == (StatusCode.ERROR, None)
    assert failed.attributes["error.type"]
    assert not any("secret" in span.to_json() for span in exporter.get_finished_spans())


async def test_pools_are_measured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    monkeypatch.setattr(telemetry, "meter", MeterProvider([reader]).get_meter("test"))
    async with connect(settings) as db:
        telemetry.observe(db)
        async with db.unit(read_only=True) as session:
            await session.exec(select(1))
            data: Any = reader.get_metrics_data()
    kinds = product(("reader", "writer"), ("used", "idle"))
    metrics = {it.name: it for it in data.resource_metrics[0].scope_metrics[0].metrics}
    pool, state = "db.client.connection.pool.name", "db.client.connection.state"
    count, wait = metrics["db.client.connection.count"], metrics["db.client.connection.wait_time"]
    counts = {
        (it.attributes[pool], it.attributes[state]): it.value for it in count.data.data_points
    }
    assert counts == dict.fromkeys(kinds, 0) | {("reader", "used"): 1}
    (waited,) = wait.data.data_points
    assert (waited.attributes[pool], waited.count, waited.sum < 1) == ("reader", 1, True)
    assert (count.unit, wait.unit) == ("{connection}", "s")
    assert waited.explicit_bounds[::5] == (0.001, 0.1, 5)


async def test_one_span_for_a_request(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    providers: list[Any] = []
    monkeypatch.setattr(trace, "set_tracer_provider", providers.append)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: providers[0])
    monkeypatch.setattr(metrics, "set_meter_provider", providers.append)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(telemetry, "log", Mock(warning=pytest.fail))  # there is an endpoint
    app = create_app(settings.model_copy(update={"telemetry": True}))
    exporter = InMemorySpanExporter()
    providers[0].add_span_processor(SimpleSpanProcessor(exporter))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        await asyncio.create_task(client.get("/health/live"))  # each request has its own context
    assert [type(it) for it in providers] == [TracerProvider, MeterProvider]
    (span,) = exporter.get_finished_spans()
    assert (span.name, span.resource.attributes["service.name"]) == ("GET /health/live", NAME)


async def test_trace_of_a_request() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    found: list[Any] = []

    async def application(*_: object) -> None:
        found.append((trace_id.get(), get_contextvars()["trace_id"]))

    middleware = telemetry.TraceMiddleware(application)
    for query in (b"token=secret", b""):
        with provider.get_tracer("test").start_as_current_span("request"):
            request = middleware({"query_string": query}, AsyncMock(), AsyncMock())
            await asyncio.create_task(request)  # each request has its own context
    spans = exporter.get_finished_spans()
    assert [dict(it.attributes or {}) for it in spans] == [{"url.query": "REDACTED"}, {}]
    assert found == [(f"{it.context.trace_id:032x}",) * 2 for it in spans if it.context]


async def test_trace_in_problems(client: AsyncClient) -> None:
    assert "trace_id" not in (await client.get("/unknown")).json()
    token = trace_id.set("1f")
    problem = (await client.get("/unknown")).json()
    trace_id.reset(token)
    assert problem["trace_id"] == "1f"


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SystemExit, match="uv sync --extra telemetry"):
        telemetry.configure_telemetry("name")
