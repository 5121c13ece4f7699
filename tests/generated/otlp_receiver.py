"""A receiver of OpenTelemetry data, as a collector or a vendor has it: OTLP over HTTP."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Received:
    """Everything that a service has sent. A later value of a metric replaces an earlier one."""

    address: str
    bodies: list[bytes] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    resources: list[dict[str, Any]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    metrics: dict[str, Metric] = field(default_factory=dict)

    def add(self, path: str, body: bytes) -> None:
        self.paths.add(path)
        self.bodies.append(body)
        if path == "/v1/traces":
            for traces in ExportTraceServiceRequest.FromString(body).resource_spans:
                self.resources.append(read_attributes(traces.resource.attributes))
                for scope in traces.scope_spans:
                    self.spans += scope.spans
        elif path == "/v1/metrics":
            for measured in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                self.resources.append(read_attributes(measured.resource.attributes))
                for metrics in measured.scope_metrics:
                    self.metrics |= {metric.name: metric for metric in metrics.metrics}


def read_attributes(attributes: Any) -> dict[str, Any]:
    return {attribute.key: read_value(attribute) for attribute in attributes}


def read_value(attribute: KeyValue) -> Any:
    value: AnyValue = attribute.value
    return getattr(value, value.WhichOneof("value") or "string_value")


@contextmanager
def receive_telemetry() -> Iterator[Received]:
    """Receives at a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.add(self.path, body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Received(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()
