"""Hostile requests to a served project: to every route of its OpenAPI document, by every string.

An answer has to come, one that the document names; a refusal gives nothing of the input back, and
nothing at all gives a password back. Then a good request has to work.
"""

import json
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests import attacks
from tests.attacks import CANARY, FORM, JSON, SECRET
from tests.steps import StepFailed
from tests.values import find_lost_values
from tests.wire import Answer, request, send

PROBE = Path(__file__).parent / "probes" / "attacked.py"
LOG = "attacked.log"
Headers = list[tuple[str, bytes]]
# What no document names: the answers of routing, and of the server to what is no HTTP.
NO_ROUTE = frozenset({307, 404, 405})
NO_HTTP = frozenset({400})
TOO_LARGE = frozenset({413})
LONGEST_REFUSAL = 50_000  # bytes
LONGEST_LINE = 4_000  # characters of log
ENOUGH = 30  # faults of one kind: more are not looked for
SHOWN = 3  # of them


@dataclass(frozen=True)
class Attack:
    name: str
    sent: bytes
    allowed: frozenset[int] = frozenset()
    """Beside what the document names."""

    refused: bool = False
    """Nothing below 300 will do."""

    expected: int = 0
    """The one status that will do."""

    ends: bool = False
    """The client stops in the middle: there may be no answer."""


@dataclass
class Operation:
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
        """The same where the layers before the route see the same."""
        return self.method, self.content_type

    @property
    def uses_up(self) -> bool:
        """A good request is good once: for an id, a token, a password."""
        return self.method == "DELETE" or not {"token", "new_password"}.isdisjoint(self.fields)

    def parameters(self, place: str) -> list[str]:
        return [it["name"] for it in self.described.get("parameters", []) if it["in"] == place]

    @property
    def content_type(self) -> str:
        """JSON, FORM, or nothing."""
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
    """A served project, to the superuser where there are users, or to nobody."""

    address: str
    signed_in: bool
    values: dict[str, Any] = field(default_factory=dict)

    def refresh(self) -> None:
        """Undo what the last requests did to those that good requests need."""
        self.values = json.loads(send(self.address, request("POST", "/probe/fresh", body=b"")).body)

    def operations(self) -> list[Operation]:
        document = json.loads(send(self.address, request("GET", "/openapi.json")).body)
        return [
            Operation(method.upper(), path, described, document)
            for path, methods in document["paths"].items()
            for method, described in methods.items()
        ]

    def good(self, operation: Operation, name: str) -> Any:
        """A value for a field that is accepted."""
        schema = operation.fields[name]
        found = self.values.get(f"{operation.path} {name}", self.values.get(name))
        if found is None and schema.get("format") == "email":
            return f"{uuid4()}@example.com"
        if found is None and schema.get("type") == "boolean":
            return True
        return f"good {uuid4()}" if found is None else found

    def body(self, operation: Operation, **values: str) -> bytes | None:
        """A good one, but for these values, written as in JSON or in a form."""
        if not operation.content_type:
            return None
        good = {name: self.good(operation, name) for name in operation.fields}
        if operation.content_type == JSON:
            written = {name: json.dumps(value) for name, value in good.items()} | values
            text = ", ".join(f'"{name}": {value}' for name, value in written.items())
            return bytes_of(f"{{{text}}}")
        written = {name: quote(value) for name, value in good.items()} | values
        return bytes_of("&".join(f"{name}={value}" for name, value in written.items()))

    def target(self, operation: Operation, **values: str) -> bytes:
        """A good one, but for these values of the path or the query, written as in a URL."""
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
        """A good one, but for these."""
        usual: Headers = []
        if operation.content_type:
            usual.append(("content-type", operation.content_type.encode()))
        if self.signed_in and operation.secured:
            usual.append(("authorization", self.values["authorization"].encode()))
        usual = [header for header in usual if header[0] not in dict(headers)]
        return request(
            operation.method,
            self.target(operation) if target is None else target,
            [*usual, *headers],
            self.body(operation) if body is None else body,
        )


def bytes_of(text: str) -> bytes:
    """A raw byte is written as half a surrogate pair, U+DC80 to U+DCFF."""
    return text.encode("utf-8", "surrogateescape")


Attacks = Iterator[Attack]


def texts(service: Service, operation: Operation) -> Attacks:
    """In each field, whatever it takes."""
    for name, schema in operation.fields.items():
        for label, text in attacks.TEXTS.items():
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
                refused = label in attacks.UNSTORABLE
                yield Attack(f"{name}: {spelling}", as_secret(name, sent), refused=refused)


def literals(service: Service, operation: Operation) -> Attacks:
    """In each field, of another type, or of none."""
    as_json = operation.content_type == JSON
    for name, schema in operation.fields.items():
        nullable = {"type": "null"} in schema.get("anyOf", [])
        boolean = schema.get("type") == "boolean"
        taken = {"null"} if nullable else {"true"} if boolean else set()
        for label, literal in (attacks.LITERALS if as_json else attacks.FORM_VALUES).items():
            sent = service.request(operation, body=service.body(operation, **{name: literal}))
            yield Attack(f"{name}: {label}", as_secret(name, sent), refused=label not in taken)
        if as_json:
            good = (service.body(operation) or b"").rstrip(b"}")
            for label, key in {"twice": name, "one too many": "more"}.items():
                body = good + f', "{key}": "{CANARY}\\ud800"}}'.encode()
                yield Attack(
                    f"{name}: {label}", service.request(operation, body=body), refused=True
                )


def as_secret(name: str, sent: bytes) -> bytes:
    return sent.replace(CANARY.encode(), SECRET.encode()) if "password" in name else sent


def ids(service: Service, operation: Operation) -> Attacks:
    """In place of ids and numbers, in the path and in the query."""
    for name in [*operation.parameters("path"), *operation.parameters("query")]:
        for label, value in attacks.IDS.items():
            target = service.target(operation, **{name: value})
            sent = service.request(operation, target=target)
            allowed = NO_HTTP if label == "100,000 characters" else frozenset[int]()
            yield Attack(f"{name}: {label}", sent, allowed, refused=label not in attacks.POSSIBLE)


def paths(service: Service, operation: Operation) -> Attacks:
    allowed = NO_ROUTE | NO_HTTP
    for name in operation.parameters("path"):
        for label, value in attacks.TRICKS.items():
            target = service.target(operation, **{name: value})
            sent = service.request(operation, target=target)
            yield Attack(f"{name}: {label}", sent, allowed, refused=True)
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
        yield Attack(label, service.request(operation, target=trick), allowed)
    good = service.request(operation).partition(b" ")[2]
    for method in (b"HEAD", b"OPTIONS", b"PUT", b"FOO", b"get"):
        yield Attack(f"method {method.decode()}", method + b" " + good, allowed, refused=True)


def bodies(service: Service, operation: Operation) -> Attacks:
    if operation.content_type == JSON:
        for label, body in attacks.BODIES.items():
            sent = service.request(operation, body=body)
            yield Attack(label, sent, refused=label not in attacks.ENCODED)
    if operation.content_type == FORM:
        for label, (kind, body) in attacks.FORMS.items():
            sent = service.request(operation, ("content-type", kind), body=body)
            yield Attack(label, sent, refused=True)


def content_types(service: Service, operation: Operation) -> Attacks:
    if not operation.content_type:
        return
    for label, kind in attacks.CONTENT_TYPES.items():
        sent = service.request(operation, ("content-type", kind))
        taken = operation.content_type == JSON and label in attacks.SPELLINGS
        yield Attack(label, sent, refused=not taken)
    without = service.request(operation).replace(
        b"content-type: %s\r\n" % operation.content_type.encode(), b""
    )
    yield Attack("none", without, refused=True)
    other = ("content-type", (FORM if operation.content_type == JSON else JSON).encode())
    yield Attack("the other kind", service.request(operation, other), refused=True)
    both = [other, ("content-type", operation.content_type.encode())]
    yield Attack("both kinds", service.request(operation, *both))


def sizes(service: Service, operation: Operation) -> Attacks:
    """A body over the limit; where none is read it does no harm."""
    limited = 413 in operation.documented
    allowed = TOO_LARGE | NO_HTTP
    large = b'{"name": "%s"}' % (b"x" * attacks.LIMIT)
    expected = 413 if limited else 0
    yield Attack("declared", service.request(operation, body=large), allowed, expected=expected)
    head = service.request(operation, ("transfer-encoding", b"chunked"), body=b"")
    chunks = (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 80 + b"0\r\n\r\n"
    head = head.replace(b"content-length: 0\r\n", b"")
    expected = 413 if limited and operation.content_type else 0
    yield Attack("in chunks", head + chunks, allowed, expected=expected)


def framing(service: Service, operation: Operation) -> Attacks:
    """Lengths that lie, chunks that are none, versions that are others."""
    body = service.body(operation) or b"{}"
    head = service.request(operation, body=body)[: -len(body)]
    length = b"content-length: %d\r\n" % len(body)
    allowed = NO_HTTP | TOO_LARGE
    for label, lie in {
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
        yield Attack(label, head.replace(length, lie) + body, allowed)
    for label, lie in {
        "too large": b"content-length: %d\r\n" % (len(body) + 9),
        "gigabytes": b"content-length: 9999999999\r\n",
    }.items():
        yield Attack(label, head.replace(length, lie) + body, allowed, ends=True)
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
        yield Attack(label, chunked + chunks, allowed)
    yield Attack("no last chunk", chunked + b"%x\r\n%s\r\n" % (len(body), body), ends=True)
    old = head.replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"host: test\r\n", b"")
    yield Attack("HTTP/1.0 without a host", old + body)
    yield Attack("HTTP/9.9", head.replace(b"HTTP/1.1", b"HTTP/9.9") + body, allowed)
    yield Attack("HTTP/0.9", head.replace(b" HTTP/1.1", b"") + body, allowed)
    for upgrade in (b"websocket", b"h2c"):
        handshake = b"upgrade: %s\r\nconnection: upgrade\r\n" % upgrade
        sent = head.replace(b"connection: close\r\n", handshake) + body
        yield Attack(f"upgrade to {upgrade.decode()}", sent, allowed | {403, 426}, ends=True)


def hosts(service: Service, operation: Operation) -> Attacks:
    """Of which the routes make URLs."""
    for label, value in attacks.HOSTS.items():
        yield Attack(label, service.request(operation, ("host", value)), NO_HTTP)
    two = [("host", b"test"), ("host", b"example.com")]
    yield Attack("two", service.request(operation, *two), NO_HTTP)
    without = service.request(operation).replace(b"host: test\r\n", b"")
    yield Attack("none", without, NO_HTTP)
    all_headers = service.request(operation, *attacks.HEADERS.values())
    yield Attack("and all other headers", all_headers, NO_HTTP)


def headers(service: Service, operation: Operation) -> Attacks:
    for label, header in {**attacks.HEADERS, **attacks.NO_HEADERS}.items():
        yield Attack(label, service.request(operation, header), NO_HTTP)
    many = [(f"x-{number}", b"a") for number in range(2_000)]
    yield Attack("thousands", service.request(operation, *many), NO_HTTP)


def request_ids(service: Service, operation: Operation) -> Attacks:
    for label, value in attacks.REQUEST_IDS.items():
        yield Attack(label, service.request(operation, ("x-request-id", value)), NO_HTTP)
    two = [("x-request-id", b"a b"), ("x-request-id", b"c\xffd")]
    yield Attack("two", service.request(operation, *two))


def credentials(service: Service, operation: Operation) -> Attacks:
    """None of them lets anybody in."""
    nobody = Service(service.address, signed_in=False, values=service.values)
    refused = operation.secured
    for header, written in ("cookie", attacks.COOKIES), ("authorization", attacks.AUTHORIZATIONS):
        for label, value in written.items():
            sent = nobody.request(operation, (header, value))
            yield Attack(f"{header}: {label}", sent, NO_HTTP, refused)
        sent = nobody.request(operation, *((header, value) for value in written.values()))
        yield Attack(f"{header}: all", sent, NO_HTTP, refused)


Kind = Callable[[Service, Operation], Attacks]
OF_ROUTES: list[Kind] = [texts, literals, ids, paths, bodies]
# What answers these comes before the routes: one route of each shape is enough.
OF_SHAPES: list[Kind] = [content_types, sizes, hosts, framing, headers, request_ids]
OF_NOBODY: list[Kind] = [literals, ids, paths, bodies]


def faults_of(attack: Attack, documented: frozenset[int], answer: Answer) -> Iterator[str]:
    """What is wrong with an answer."""
    status, content_type = answer.status, answer.headers.get("content-type")
    if status == 0:
        if not attack.ends:
            yield "no answer"
        return
    if status >= 500:
        yield f"{status}"
    elif status not in documented | attack.allowed:
        yield f"{status}, which is not documented"
    if attack.expected and status != attack.expected:
        yield f"{status} and not {attack.expected}"
    if attack.refused and status < 300:
        yield f"{status}, as if it were good"
    by_server = status in attack.allowed and content_type == "text/plain; charset=utf-8"
    if status >= 400 and not by_server and content_type != "application/problem+json":
        yield f"{status} is no problem+json but {content_type}"
    if status >= 400 and len(answer.body) > LONGEST_REFUSAL:
        yield f"{status} has {len(answer.body)} bytes"
    if status >= 400 and CANARY.encode() in answer.body:
        yield f"{status} gives the input back"
    if SECRET.encode() in answer.body:
        yield f"{status} gives a password back"
    if CANARY in str(answer.headers):
        yield "a header gives the input back"
    request_id = answer.headers.get("x-request-id", "")
    if not by_server and not re.fullmatch(attacks.SANE_ID, request_id, re.ASCII):
        yield f"its request id is {request_id[:80]!r}"


def kinds_for(operations: list[Operation]) -> Iterator[tuple[Operation, Kind]]:
    """What a superuser sends where."""
    shapes = set()
    for operation in operations:
        yield from ((operation, kind) for kind in OF_ROUTES)
        if operation.secured:
            yield operation, credentials
        if operation.shape not in shapes:
            shapes.add(operation.shape)
            yield from ((operation, kind) for kind in OF_SHAPES)


def attack(service: Service) -> dict[str, list[str]]:
    """By kind of attack, what is wrong with which answer."""
    found: dict[str, list[str]] = defaultdict(list)
    service.refresh()
    operations = service.operations()
    if service.signed_in:
        planned = list(kinds_for(operations))
    else:
        planned = [(it, kind) for it in operations if it.secured for kind in OF_NOBODY]
    for operation, kind in planned:
        faults = found[kind.__name__.replace("_", " ")]
        for sent in kind(service, operation):
            if len(faults) >= ENOUGH:
                break
            answer = send(service.address, sent.sent, ends=sent.ends)
            sent = replace(sent, refused=sent.refused or not service.signed_in)
            faults += [
                f"{operation}, {sent.name}: {fault}"
                for fault in faults_of(sent, operation.documented, answer)
            ]
            if answer.status < 300 and operation.uses_up:
                service.refresh()
        answer = send(service.address, service.request(operation))
        if (answer.status < 300) != service.signed_in:
            faults.append(f"{operation}: a good request gets {answer.status}")
        if operation.uses_up:
            service.refresh()
    return found


@contextmanager
def attacked(project: Path, env: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The `address` of the project while it is served, and whether there are `users`."""
    told = (project / "attacked.json").absolute()
    with (project / LOG).open("w") as log:
        server = subprocess.Popen(
            ["uv", "run", "python", str(PROBE), str(told)],
            cwd=project,
            env=env | {"PYTHONPATH": ".", "LOG_FORMAT": "json", "SECRET_KEY": uuid4().hex},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + 60
        while not told.exists() or not told.read_text():
            if server.poll() is not None or time.monotonic() > end:
                raise StepFailed((project / LOG).read_text())
            time.sleep(0.05)
        yield json.loads(told.read_text())
    finally:
        server.communicate()


def find_hostile(project: Path, env: dict[str, str]) -> dict[str, list[str]]:
    """By kind of attack, and by kind of value, what did not hold; of many faults the first."""
    with attacked(project, env) as told:
        somebody = Service(told["address"], signed_in=True)
        found = attack(somebody)
        if told["users"]:
            nobodys = attack(Service(told["address"], signed_in=False))
            found["of nobody"] = [fault for faults in nobodys.values() for fault in faults]
        somebody.refresh()
        values = find_lost_values(told["address"], somebody.values.get("authorization", ""))
    found["log"] = list(faults_of_log((project / LOG).read_text()))
    named = {f"hostile {name}": faults for name, faults in found.items()} | values
    return {name: summary(faults) for name, faults in named.items()}


def faults_of_log(log: str) -> Iterator[str]:
    """Each line has to be JSON, tell of no error, be short, and hold no password."""
    for line in log.splitlines():
        try:
            level = json.loads(line)["level"]
        except (ValueError, KeyError):
            yield f"no line of log: {line[:200]}"
        else:
            if level in {"error", "critical"}:
                yield f"an error: {line[:200]}"
        if len(line) > LONGEST_LINE:
            yield f"a line of {len(line)} characters: {line[:200]}"
        if SECRET in line:
            yield f"a password: {line[:200]}"


def summary(faults: list[str]) -> list[str]:
    more = len(faults) - SHOWN
    return [*faults[:SHOWN], f"and {more} more"] if more > 0 else faults
