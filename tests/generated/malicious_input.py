"""Malicious input: every route of the OpenAPI document gets every payload, as raw HTTP.

Each request has to be answered, with a status that the document names. A refusal must not repeat the
input, and no response may contain a password. Afterwards a valid request has to work.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.generated import payloads
from tests.generated.payloads import CANARY, FORM, JSON, SECRET
from tests.generated.project import GeneratedProject
from tests.generated.raw_http import Response, make_request, send
from tests.generated.results import Findings
from tests.generated.serving import run_probe_service
from tests.generated.value_round_trips import check_value_round_trips

Headers = list[tuple[str, bytes]]
# Statuses that the OpenAPI document does not name: of routing, and of the server for invalid HTTP.
ROUTING = frozenset({307, 404, 405})
INVALID_HTTP = frozenset({400})
TOO_LARGE = frozenset({413})
MAX_REFUSAL = 50_000  # bytes
MAX_LOG_LINE = 4_000  # characters
MAX_FINDINGS = 30  # of one kind; then the rest of the kind is skipped
SHOWN_FINDINGS = 3


@dataclass(frozen=True)
class MaliciousRequest:
    name: str
    sent: bytes
    allowed: frozenset[int] = frozenset()
    """Statuses beside those that the document names."""

    refused: bool = False
    """Whether the status has to be 300 or above."""

    expected: int = 0
    """The only correct status, if there is one."""

    incomplete: bool = False
    """Whether the client stops in the middle, so that there may be no response."""


@dataclass
class Operation:
    """A method of a path in the OpenAPI document."""

    method: str
    path: str
    described: dict[str, Any]
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def documented(self) -> frozenset[int]:
        return frozenset(int(status) for status in self.described["responses"])

    @property
    def secured(self) -> bool:
        return bool(self.described.get("security"))

    @property
    def shape(self) -> object:
        """Equal for operations that look the same to the layers before routing."""
        return self.method, self.content_type

    @property
    def works_once(self) -> bool:
        """Whether a valid request uses up its id, its token or its password."""
        return self.method == "DELETE" or not {"token", "new_password"}.isdisjoint(self.fields)

    def parameters(self, place: str) -> list[str]:
        return [it["name"] for it in self.described.get("parameters", []) if it["in"] == place]

    @property
    def content_type(self) -> str:
        """JSON, FORM, or an empty string if there is no body."""
        return next(iter(self.described.get("requestBody", {}).get("content", {})), "")

    @cached_property
    def fields(self) -> dict[str, dict[str, Any]]:
        if not self.content_type:
            return {}
        schema = self.described["requestBody"]["content"][self.content_type]["schema"]
        name = schema["$ref"].rpartition("/")[2]
        found: dict[str, dict[str, Any]] = self.document["components"]["schemas"][name]
        return found["properties"]


@dataclass
class Service:
    """A running service, as a superuser or an anonymous client sees it, and valid values for it."""

    address: str
    signed_in: bool
    values: dict[str, Any] = field(default_factory=dict)

    def refresh(self) -> None:
        """Creates what valid requests need, because earlier requests may have used it up."""
        fresh = make_request("POST", "/probe/fresh", body=b"")
        self.values = json.loads(send(self.address, fresh).body)

    def operations(self) -> list[Operation]:
        document = json.loads(send(self.address, make_request("GET", "/openapi.json")).body)
        return [
            Operation(method.upper(), path, described, document)
            for path, methods in document["paths"].items()
            for method, described in methods.items()
        ]

    def valid_value(self, operation: Operation, name: str) -> Any:
        """Returns a value that the field accepts."""
        schema = operation.fields[name]
        found = self.values.get(f"{operation.path} {name}", self.values.get(name))
        if found is None and schema.get("format") == "email":
            return f"{uuid4()}@example.com"
        if found is None and schema.get("type") == "boolean":
            return True
        return f"valid {uuid4()}" if found is None else found

    def body(self, operation: Operation, **values: str) -> bytes | None:
        """Returns a valid body, except for these values, which are encoded as JSON or for a form."""
        if not operation.content_type:
            return None
        valid = {name: self.valid_value(operation, name) for name in operation.fields}
        if operation.content_type == JSON:
            written = {name: json.dumps(value) for name, value in valid.items()} | values
            text = ", ".join(f'"{name}": {value}' for name, value in written.items())
            return bytes_of(f"{{{text}}}")
        written = {name: quote(value) for name, value in valid.items()} | values
        return bytes_of("&".join(f"{name}={value}" for name, value in written.items()))

    def target(self, operation: Operation, **values: str) -> bytes:
        """Returns a valid path and query, except for these values, which are encoded for a URL."""
        known = {name: str(self.values[name]) for name in operation.parameters("path")}
        path = operation.path.format_map(known | values)
        query = "&".join(f"{name}={value}" for name, value in values.items() if name not in known)
        return bytes_of(f"{path}?{query}".rstrip("?"))

    def request(
        self,
        operation: Operation,
        *headers: tuple[str, bytes],
        body: bytes | None = None,
        target: bytes | None = None,
    ) -> bytes:
        """Returns a valid request, except for these headers, body or target."""
        defaults: Headers = []
        if operation.content_type:
            defaults.append(("content-type", operation.content_type.encode()))
        if self.signed_in and operation.secured:
            defaults.append(("authorization", self.values["authorization"].encode()))
        defaults = [header for header in defaults if header[0] not in dict(headers)]
        return make_request(
            operation.method,
            self.target(operation) if target is None else target,
            [*defaults, *headers],
            self.body(operation) if body is None else body,
        )


def bytes_of(text: str) -> bytes:
    """Encodes as UTF-8. A lone surrogate from U+DC80 to U+DCFF becomes a single raw byte."""
    return text.encode("utf-8", "surrogateescape")


Requests = Iterator[MaliciousRequest]


def texts(service: Service, operation: Operation) -> Requests:
    """Sends each text in each field."""
    for name, schema in operation.fields.items():
        for label, text in payloads.TEXTS.items():
            value = text and CANARY + text
            spellings = {label: value}
            if schema.get("format") == "email":
                spellings |= {f"{label} @": f"{value}@example.com"}
            for spelling, value in spellings.items():
                if operation.content_type == JSON:
                    written = json.dumps(value)
                else:
                    written = quote(value.encode("utf-8", "surrogatepass"))
                sent = service.request(operation, body=service.body(operation, **{name: written}))
                refused = label in payloads.UNSTORABLE
                yield MaliciousRequest(
                    f"{name}: {spelling}", mark_secret(name, sent), refused=refused
                )


def wrong_types(service: Service, operation: Operation) -> Requests:
    """Sends values of other types, and values that are no JSON, in each field."""
    as_json = operation.content_type == JSON
    for name, schema in operation.fields.items():
        nullable = {"type": "null"} in schema.get("anyOf", [])
        boolean = schema.get("type") == "boolean"
        valid = {"null"} if nullable else {"true"} if boolean else set()
        for label, literal in (payloads.LITERALS if as_json else payloads.FORM_VALUES).items():
            sent = service.request(operation, body=service.body(operation, **{name: literal}))
            yield MaliciousRequest(
                f"{name}: {label}", mark_secret(name, sent), refused=label not in valid
            )
        if as_json:
            body = (service.body(operation) or b"").rstrip(b"}")
            for label, key in {"twice": name, "one too many": "more"}.items():
                more = body + f', "{key}": "{CANARY}\\ud800"}}'.encode()
                sent = service.request(operation, body=more)
                yield MaliciousRequest(f"{name}: {label}", sent, refused=True)


def mark_secret(name: str, sent: bytes) -> bytes:
    """Replaces the canary in the value of a password, which must not even be in a valid response."""
    return sent.replace(CANARY.encode(), SECRET.encode()) if "password" in name else sent


def ids(service: Service, operation: Operation) -> Requests:
    """Sends values in place of ids and numbers, in the path and in the query."""
    for name in [*operation.parameters("path"), *operation.parameters("query")]:
        for label, value in payloads.IDS.items():
            target = service.target(operation, **{name: value})
            sent = service.request(operation, target=target)
            allowed = INVALID_HTTP if label == "100,000 characters" else frozenset[int]()
            yield MaliciousRequest(
                f"{name}: {label}", sent, allowed, refused=label not in payloads.POSSIBLE
            )


def paths_and_methods(service: Service, operation: Operation) -> Requests:
    allowed = ROUTING | INVALID_HTTP
    for name in operation.parameters("path"):
        for label, value in payloads.PATH_TRAVERSALS.items():
            target = service.target(operation, **{name: value})
            sent = service.request(operation, target=target)
            yield MaliciousRequest(f"{name}: {label}", sent, allowed, refused=True)
    target = service.target(operation)
    for label, trick in {
        "slash": target + b"/",
        "slashes": b"/" + target,
        "dots": b"/.." + target,
        "absolute": b"http://example.com" + target,
        "a query of bytes": target + b"?%ff=%00&\xff",
        "a query of signs": target + b"?&&==&%zz&?;",
        "a query of many": target + b"?" + b"a=1&" * 10_000,
        "a long query": target + b"?" + b"x" * 100_000,
    }.items():
        yield MaliciousRequest(label, service.request(operation, target=trick), allowed)
    valid = service.request(operation).partition(b" ")[2]
    for method in (b"OPTIONS", b"PUT", b"FOO", b"get"):  # HEAD runs the GET of the path
        yield MaliciousRequest(
            f"method {method.decode()}", method + b" " + valid, allowed, refused=True
        )


def bodies(service: Service, operation: Operation) -> Requests:
    if operation.content_type == JSON:
        for label, body in payloads.BODIES.items():
            sent = service.request(operation, body=body)
            yield MaliciousRequest(label, sent, refused=label not in payloads.VALID_ENCODINGS)
    if operation.content_type == FORM:
        for label, (kind, body) in payloads.FORMS.items():
            sent = service.request(operation, ("content-type", kind), body=body)
            yield MaliciousRequest(label, sent, refused=True)


def content_types(service: Service, operation: Operation) -> Requests:
    if not operation.content_type:
        return
    for label, kind in payloads.CONTENT_TYPES.items():
        sent = service.request(operation, ("content-type", kind))
        valid = operation.content_type == JSON and label in payloads.SPELLINGS
        yield MaliciousRequest(label, sent, refused=not valid)
    without = service.request(operation).replace(
        b"content-type: %s\r\n" % operation.content_type.encode(), b""
    )
    yield MaliciousRequest("no content type", without, refused=True)
    other = ("content-type", (FORM if operation.content_type == JSON else JSON).encode())
    yield MaliciousRequest("the other type", service.request(operation, other), refused=True)
    both = [other, ("content-type", operation.content_type.encode())]
    yield MaliciousRequest("both types", service.request(operation, *both))


def sizes(service: Service, operation: Operation) -> Requests:
    """Sends bodies over the limit. A route that reads no body may accept them."""
    limited = 413 in operation.documented
    allowed = TOO_LARGE | INVALID_HTTP
    large = b'{"name": "%s"}' % (b"x" * payloads.LIMIT)
    expected = 413 if limited else 0
    yield MaliciousRequest(
        "declared", service.request(operation, body=large), allowed, expected=expected
    )
    head = service.request(operation, ("transfer-encoding", b"chunked"), body=b"")
    chunks = (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 80 + b"0\r\n\r\n"
    head = head.replace(b"content-length: 0\r\n", b"")
    expected = 413 if limited and operation.content_type else 0
    yield MaliciousRequest("in chunks", head + chunks, allowed, expected=expected)


def framing(service: Service, operation: Operation) -> Requests:
    """Sends wrong lengths, invalid chunks, and other versions of HTTP."""
    body = service.body(operation) or b"{}"
    head = service.request(operation, body=body)[: -len(body)]
    length = b"content-length: %d\r\n" % len(body)
    allowed = INVALID_HTTP | TOO_LARGE
    for label, header in {
        "no length": b"",
        "a negative length": b"content-length: -1\r\n",
        "a signed length": b"content-length: +%d\r\n" % len(body),
        "no number": b"content-length: a\r\n",
        "two numbers": b"content-length: 1, 2\r\n",
        "two lengths": length + b"content-length: 1\r\n",
        "the same twice": length + length,
        "a huge length": b"content-length: 1%s\r\n" % (b"0" * 40),
        "too small": b"content-length: 1\r\n",
        "length and chunks": length + b"transfer-encoding: chunked\r\n",
        "an unknown encoding": b"transfer-encoding: xchunked\r\n",
        "chunks inside gzip": b"transfer-encoding: chunked, gzip\r\n",
    }.items():
        yield MaliciousRequest(label, head.replace(length, header) + body, allowed)
    for label, header in {
        "too large": b"content-length: %d\r\n" % (len(body) + 9),
        "gigabytes": b"content-length: 9999999999\r\n",
    }.items():
        yield MaliciousRequest(label, head.replace(length, header) + body, allowed, incomplete=True)
    chunked = head.replace(length, b"transfer-encoding: chunked\r\n")
    for label, chunks in {
        "a size of no digits": b"zz\r\n" + body,
        "a huge size": b"ffffffffffffffffff\r\n" + body,
        "a negative size": b"-1\r\n" + body,
        "a long extension": b"1;" + b"x" * 100_000 + b"\r\n{\r\n0\r\n\r\n",
        "one byte each": b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n",
        "bare line ends": b"%x\n%s\n0\n\n" % (len(body), body),
        "trailers": b"%x\r\n%s\r\n0\r\nhost: a\r\ncontent-length: 9\r\n\r\n" % (len(body), body),
    }.items():
        yield MaliciousRequest(label, chunked + chunks, allowed)
    yield MaliciousRequest(
        "no last chunk", chunked + b"%x\r\n%s\r\n" % (len(body), body), incomplete=True
    )
    old = head.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"host: test\r\n", b"")
    yield MaliciousRequest("HTTP/1.0 without a host", old + body)
    yield MaliciousRequest("HTTP/9.9", head.replace(b"HTTP/1.1", b"HTTP/9.9") + body, allowed)
    yield MaliciousRequest("HTTP/0.9", head.replace(b" HTTP/1.1", b"") + body, allowed)
    for upgrade in (b"websocket", b"h2c"):
        handshake = b"upgrade: %s\r\nconnection: upgrade\r\n" % upgrade
        sent = head.replace(b"connection: close\r\n", handshake) + body
        yield MaliciousRequest(
            f"upgrade to {upgrade.decode()}", sent, allowed | {403, 426}, incomplete=True
        )


def hosts(service: Service, operation: Operation) -> Requests:
    """Sends invalid Host headers, because routes make URLs of them."""
    for label, value in payloads.HOSTS.items():
        yield MaliciousRequest(label, service.request(operation, ("host", value)), INVALID_HTTP)
    two = [("host", b"test"), ("host", b"example.com")]
    yield MaliciousRequest("two", service.request(operation, *two), INVALID_HTTP)
    without = service.request(operation).replace(b"host: test\r\n", b"")
    yield MaliciousRequest("none", without, INVALID_HTTP)
    all_headers = service.request(operation, *payloads.HEADERS.values())
    yield MaliciousRequest("and all other headers", all_headers, INVALID_HTTP)


def headers(service: Service, operation: Operation) -> Requests:
    for label, header in {**payloads.HEADERS, **payloads.INVALID_HEADERS}.items():
        yield MaliciousRequest(label, service.request(operation, header), INVALID_HTTP)
    many = [(f"x-{number}", b"a") for number in range(2_000)]
    yield MaliciousRequest("thousands", service.request(operation, *many), INVALID_HTTP)


def request_ids(service: Service, operation: Operation) -> Requests:
    for label, value in payloads.REQUEST_IDS.items():
        yield MaliciousRequest(
            label, service.request(operation, ("x-request-id", value)), INVALID_HTTP
        )
    two = [("x-request-id", b"a b"), ("x-request-id", b"c\xffd")]
    yield MaliciousRequest("two", service.request(operation, *two))


def credentials(service: Service, operation: Operation) -> Requests:
    """Sends invalid cookies and tokens. None of them may sign anybody in."""
    anonymous = Service(service.address, signed_in=False, values=service.values)
    refused = operation.secured
    for header, values in (
        ("cookie", payloads.COOKIES),
        ("authorization", payloads.AUTHORIZATIONS),
    ):
        for label, value in values.items():
            sent = anonymous.request(operation, (header, value))
            yield MaliciousRequest(f"{header}: {label}", sent, INVALID_HTTP, refused)
        sent = anonymous.request(operation, *((header, value) for value in values.values()))
        yield MaliciousRequest(f"{header}: all", sent, INVALID_HTTP, refused)


Kind = Callable[[Service, Operation], Requests]
EVERY_ROUTE: list[Kind] = [texts, wrong_types, ids, paths_and_methods, bodies]
# These are answered before routing, so that one route of each shape is enough.
EVERY_SHAPE: list[Kind] = [content_types, sizes, hosts, framing, headers, request_ids]
ANONYMOUS: list[Kind] = [wrong_types, ids, paths_and_methods, bodies]


def check_response(
    request: MaliciousRequest, documented: frozenset[int], response: Response
) -> Iterator[str]:
    """Yields what is wrong with a response."""
    status, content_type = response.status, response.headers.get("content-type")
    if status == 0:
        if not request.incomplete:
            yield "no response"
        return
    if status >= 500:
        yield f"{status}"
    elif status not in documented | request.allowed:
        yield f"{status}, which is not documented"
    if request.expected and status != request.expected:
        yield f"{status} and not {request.expected}"
    if request.refused and status < 300:
        yield f"{status}, although the input is invalid"
    by_server = status in request.allowed and content_type == "text/plain; charset=utf-8"
    if status >= 400 and not by_server and content_type != "application/problem+json":
        yield f"{status} is no problem+json but {content_type}"
    if status >= 400 and len(response.body) > MAX_REFUSAL:
        yield f"{status} has {len(response.body)} bytes"
    if status >= 400 and CANARY.encode() in response.body:
        yield f"{status} repeats the input"
    if SECRET.encode() in response.body:
        yield f"{status} contains a password"
    if CANARY in str(response.headers):
        yield "a header repeats the input"
    request_id = response.headers.get("x-request-id", "")
    if not by_server and not re.fullmatch(payloads.VALID_REQUEST_ID, request_id, re.ASCII):
        yield f"its request id is {request_id[:80]!r}"


def plan_requests(operations: list[Operation]) -> Iterator[tuple[Operation, Kind]]:
    """Yields the kinds of requests that a superuser sends to each operation."""
    shapes = set()
    for operation in operations:
        yield from ((operation, kind) for kind in EVERY_ROUTE)
        if operation.secured:
            yield operation, credentials
        if operation.shape not in shapes:
            shapes.add(operation.shape)
            yield from ((operation, kind) for kind in EVERY_SHAPE)


def send_all(service: Service) -> Findings:
    """Sends all requests, and returns what is wrong with the responses by kind of request."""
    findings: Findings = defaultdict(list)
    service.refresh()
    operations = service.operations()
    if service.signed_in:
        planned = list(plan_requests(operations))
    else:
        planned = [(it, kind) for it in operations if it.secured for kind in ANONYMOUS]
    for operation, kind in planned:
        found = findings[kind.__name__.replace("_", " ")]
        for request in kind(service, operation):
            if len(found) >= MAX_FINDINGS:
                break
            response = send(service.address, request.sent, half_close=request.incomplete)
            request = replace(request, refused=request.refused or not service.signed_in)
            found += [
                f"{operation}, {request.name}: {finding}"
                for finding in check_response(request, operation.documented, response)
            ]
            if response.status < 300 and operation.works_once:
                service.refresh()
        response = send(service.address, service.request(operation))
        if (response.status < 300) != service.signed_in:
            found.append(f"{operation}: a valid request gets {response.status}")
        if operation.works_once:
            service.refresh()
    return findings


def send_malicious_input(project: GeneratedProject) -> None:
    """Reports what is wrong by kind of request, and by kind of value. Of many findings, the first."""
    log = project.path / "malicious_input.log"
    env = project.env | {"LOG_FORMAT": "json", "SECRET_KEY": uuid4().hex}
    with run_probe_service(project.path, env, "serve_malicious_input.py", log=log) as served:
        superuser = Service(served["address"], signed_in=True)
        findings = send_all(superuser)
        if served["users"]:
            anonymous = send_all(Service(served["address"], signed_in=False))
            findings["anonymous"] = [finding for found in anonymous.values() for finding in found]
        superuser.refresh()
        authorization = superuser.values.get("authorization", "")
        values = check_value_round_trips(served["address"], authorization)
    findings["log"] = list(check_log(log.read_text()))
    project.run.findings["malicious input"] = shorten_all(findings)
    project.run.findings["value round trips"] = shorten_all(values)


def check_log(log: str) -> Iterator[str]:
    """Yields the faults of the log: each line must be short JSON without an error or a password."""
    for line in log.splitlines():
        try:
            level = json.loads(line)["level"]
        except (ValueError, KeyError):
            yield f"a line that is not JSON: {line[:200]}"
        else:
            if level in {"error", "critical"}:
                yield f"an error: {line[:200]}"
        if len(line) > MAX_LOG_LINE:
            yield f"a line of {len(line)} characters: {line[:200]}"
        if SECRET in line:
            yield f"a password: {line[:200]}"


def shorten(findings: list[str]) -> list[str]:
    more = len(findings) - SHOWN_FINDINGS
    return [*findings[:SHOWN_FINDINGS], f"and {more} more"] if more > 0 else findings


def shorten_all(findings: Findings) -> Findings:
    return {name: shorten(found) for name, found in findings.items()}
