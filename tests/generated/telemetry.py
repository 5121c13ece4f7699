"""Traces, metrics and the log of a service that sends its telemetry to a receiver."""

import json
import re
import shutil
import time
from collections import Counter
from secrets import token_hex
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.generated.otlp_receiver import Received, read_attributes, receive_telemetry
from tests.generated.project import GeneratedProject
from tests.generated.serving import JSON_HEADERS, PROBES, run_production_service, sign_up
from tests.support.commands import SECRET_KEY, CommandFailed, run_command
from tests.support.template import ROOT

DASHBOARD = ROOT / "docs" / "grafana" / "service.json"
ROUTES = PROBES / "telemetry_routes.py"
SYSTEMS = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
METRICS = {
    "app.request.retries",
    "db.client.connection.count",
    "db.client.connection.wait_time",
    "http.server.active_requests",
    "http.server.request.duration",
}
"""What a service exports."""
OLDEST_AGE = "app.jobs.oldest_age"
ADD_OLD_JOB = """
import asyncio
from datetime import timedelta
from app.db.models import now
from app.db.session import connect
from app.jobs.models import Job
from app.settings import read_settings

async def main():
    hour = timedelta(hours=1)
    job = Job(task="unknown", arguments={}, created_at=now() - hour, due_at=now() + hour)
    async with connect(read_settings()) as db, db.unit() as session:
        session.add(job)

asyncio.run(main())
"""


def export_telemetry(project: GeneratedProject) -> None:
    """Sends requests to a service, and compares them with what a receiver gets."""
    domain = project.path / "app" / "probe"
    domain.mkdir()
    shutil.copy(ROUTES, domain / "routes.py")
    env = project.env | {
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",  # at the end, so that the sums are those of all
        "OTEL_TRACES_SAMPLER": "always_on",
        "NO_PROXY": "127.0.0.1",
        "SECRET_KEY": SECRET_KEY,
    }
    try:
        send_requests(project, env)
        rename_service(project, env)
    finally:
        shutil.rmtree(domain)


def send_requests(project: GeneratedProject, env: dict[str, str]) -> None:
    secret = token_hex(16)
    answers: list[tuple[int, Any]] = []

    def send(method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = Request(address + path, data, JSON_HEADERS | headers, method=method)
        try:
            with urlopen(request) as response:
                answers.append((response.status, json.load(response)))
        except HTTPError as error:
            answers.append((error.code, json.load(error)))
        return answers[-1][1]

    with receive_telemetry() as received:
        env = env | {"TELEMETRY": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": received.address}
        with run_production_service(project.path, env) as (service, address):
            signed_in = sign_up(address) if project.combination.auth else {}
            item = send("POST", "/items", {"name": secret}, **signed_in)
            send("POST", "/items", {"name": secret}, **signed_in)
            send("POST", "/items", {"name": [secret]}, **signed_in)
            parent = {"Traceparent": f"00-{TRACE}-{PARENT}-01"}
            send("GET", f"/items/{item['id']}", **signed_in, **parent)
            send("GET", "/unknown")
            send("POST", "/probe/conflict", {})
            outgoing = send("GET", "/probe/outgoing")
            send("GET", "/probe/failure")
            send("GET", f"/probe/failed-statement?value={secret}")
            service.terminate()
            service.wait(30)
    log = (project.path / "service.log").read_text()

    expect([status for status, _ in answers], [201, 409, 422, 200, 404, 200, 200, 500, 500])
    requests = [span for span in received.spans if span.kind == Span.SPAN_KIND_SERVER]
    sent = len(answers) + 2 * project.combination.auth  # two requests to sign up
    expect(len(requests), sent)
    expect(received.paths, {"/v1/traces", "/v1/metrics"})
    found = [span.trace_id.hex() for span in requests][-len(answers) :]
    problems = {n: body["trace_id"] for n, (status, body) in enumerate(answers) if status >= 400}
    expect(problems, {n: found[n] for n in (1, 2, 4, 7, 8)})
    if any(secret.encode() in body for body in received.bodies):
        raise CommandFailed("A span or a metric contains a value of a statement")
    names = ["GET /items/{item_id}", "GET", "POST /probe/conflict"]
    expect([requests[n - len(answers)].name for n in (3, 4, 5)], names)
    check_statements(project, received, requests[-len(answers) :])
    expect((found[3], requests[3 - len(answers)].parent_span_id.hex()), (TRACE, PARENT))
    own = requests[6 - len(answers)]
    expect(outgoing["traceparent"].rpartition("-")[0], f"00-{found[6]}-{own.span_id.hex()}")
    retries = requests[5 - len(answers)].events
    expect(
        [(it.name, read_attributes(it.attributes)["attempt"]) for it in retries],
        [
            ("retry", 2),
            ("retry", 3),
        ],
    )
    check_metrics(received, sent)
    check_log(log, [span.trace_id.hex() for span in requests])


def check_statements(project: GeneratedProject, received: Received, requests: list[Span]) -> None:
    """Each statement is a child of its request, with its text."""
    children = {
        request.span_id: [span for span in received.spans if span.parent_span_id == request.span_id]
        for request in requests
    }
    creation, reading, failed = requests[0], requests[3], requests[8]
    expect(
        Counter(span.name for span in children[reading.span_id])["SELECT"],
        1 + project.combination.auth,
    )
    expect("INSERT" in {span.name for span in children[creation.span_id]}, True)
    for span in [span for spans in children.values() for span in spans]:
        attributes = read_attributes(span.attributes)
        expect(attributes["db.system.name"], SYSTEMS[project.combination.database])
        expect(attributes["db.query.text"].split()[0], span.name)
        expect(span.end_time_unix_nano >= span.start_time_unix_nano > 0, True)
    statuses = [span.status for span in children[failed.span_id] if span.status.code]
    expect([(it.code, it.message) for it in statuses], [(Status.STATUS_CODE_ERROR, "")])


def check_metrics(received: Received, sent: int) -> None:
    expect(set(received.metrics), METRICS)
    [retries] = received.metrics["app.request.retries"].sum.data_points
    expect(retries.as_int, 2)
    durations = received.metrics["http.server.request.duration"].histogram.data_points
    expect(sum(point.count for point in durations), sent)
    expect([point for point in durations if point.exemplars], [])
    waits = received.metrics["db.client.connection.wait_time"].histogram.data_points
    pools = {read_attributes(it.attributes)["db.client.connection.pool.name"] for it in waits}
    expect(pools, {"reader", "writer"})

    exported = {name for it in received.metrics.values() for name in prometheus_names(it)}
    expect(dashboard_names() - exported, {"app_jobs_oldest_age_seconds"})


def export_age_of_oldest_job(project: GeneratedProject) -> None:
    """A service with jobs also exports the age of the oldest one, with the name in the dashboard."""
    python = str(project.environment / "bin" / "python")
    run_command(project.path, project.env | {"PYTHONPATH": "."}, python, "-c", ADD_OLD_JOB)
    with receive_telemetry() as received:
        env = project.env | {
            "TELEMETRY": "true",
            "OTEL_EXPORTER_OTLP_ENDPOINT": received.address,
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
            "NO_PROXY": "127.0.0.1",
            "SECRET_KEY": SECRET_KEY,
        }
        with run_production_service(project.path, env):
            end = time.monotonic() + 20
            while OLDEST_AGE not in received.metrics and time.monotonic() < end:
                time.sleep(0.1)
    expect(OLDEST_AGE in received.metrics, True)
    metric = received.metrics[OLDEST_AGE]
    expect(prometheus_names(metric) <= dashboard_names(), True)
    expect([3600 <= point.as_double < 3700 for point in metric.gauge.data_points], [True])


def prometheus_names(metric: Metric) -> set[str]:
    """The names of a metric in Prometheus, which appends the unit and the kind."""
    name = metric.name.replace(".", "_") + "_seconds" * (metric.unit == "s")
    if metric.HasField("histogram"):
        return {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
    return {f"{name}_total" if metric.sum.is_monotonic else name}


def dashboard_names() -> set[str]:
    """The metrics that the dashboard reads: a name before a selector."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    found = [set(re.findall(r"(\w+)\{", expression)) for expression in expressions]
    expect([names for names in found if not names], [])
    return set().union(*found)


def check_log(log: str, traces: list[str]) -> None:
    """Each entry of a request has its trace, also the traceback that the server logs."""
    entries = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    of_requests = [entry for entry in entries if "request_id" in entry]
    expect([it["trace_id"] for it in of_requests if it["event"] == "request"], traces)
    expect([it for it in of_requests if it.get("trace_id") not in traces], [])
    expect(sum("exception" in entry for entry in of_requests), 2)


def rename_service(project: GeneratedProject, env: dict[str, str]) -> None:
    """The variables of OpenTelemetry take precedence. Without TELEMETRY, nothing is sent."""
    for telemetry in ("true", "false"):
        with receive_telemetry() as received:
            env = env | {
                "TELEMETRY": telemetry,
                "OTEL_EXPORTER_OTLP_ENDPOINT": received.address,
                "OTEL_SERVICE_NAME": "checkout",
                "OTEL_RESOURCE_ATTRIBUTES": "service.version=abc,deployment.environment.name=test",
            }
            with run_production_service(project.path, env) as (service, address):
                urlopen(f"{address}/health/live").close()
                service.terminate()
                service.wait(30)
        names = {
            (it["service.name"], it["service.version"], it["deployment.environment.name"])
            for it in received.resources
        }
        expect(names, {("checkout", "abc", "test")} if telemetry == "true" else set())


def expect(found: object, expected: object) -> None:
    if found != expected:
        raise CommandFailed(f"The telemetry has {found!r} instead of {expected!r}")
