"""HTTP as bytes: also what no client library would send."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

TIMEOUT = 10  # seconds
Headers = Iterable[tuple[str, bytes]]


@dataclass(frozen=True)
class Answer:
    status: int = 0
    """0: the connection ended without one."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def request(
    method: str, target: str | bytes, headers: Headers = (), body: bytes | None = None
) -> bytes:
    """One that asks for the connection to be closed; what `headers` has goes before the usual."""
    given = [(name.lower(), value) for name, value in headers]
    usual = {"host": b"test", "connection": b"close"}
    if body is not None:
        usual["content-length"] = b"%d" % len(body)
    given += [(name, value) for name, value in usual.items() if name not in dict(given)]
    line = target if isinstance(target, bytes) else target.encode()
    head = [method.encode() + b" " + line + b" HTTP/1.1"]
    head += [name.encode() + b": " + value for name, value in given]
    return b"\r\n".join([*head, b"", body or b""])


def send(address: str, sent: bytes, *, ends: bool = False) -> Answer:
    """The first answer on a connection of its own; `ends`: no more is sent, and the server knows."""
    url = urlsplit(address)
    with socket.create_connection((url.hostname, url.port), TIMEOUT) as connection:
        try:
            connection.sendall(sent)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        except OSError:  # it is answered, and closed, before all is sent
            pass
        response = HTTPResponse(connection, method=sent.partition(b" ")[0].decode("latin-1"))
        try:
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        except (OSError, HTTPException):  # also a timeout
            return Answer()
        finally:
            response.close()
