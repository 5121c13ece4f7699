"""Raw HTTP: requests as bytes, also those that no client library would send."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

TIMEOUT = 10  # seconds
Headers = Iterable[tuple[str, bytes]]


@dataclass(frozen=True)
class Response:
    status: int = 0
    """0 if the connection ended without a response."""

    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def make_request(
    method: str, target: str | bytes, headers: Headers = (), body: bytes | None = None
) -> bytes:
    """Returns the bytes of a request. `headers` replace the default ones of the same name."""
    given = [(name.lower(), value) for name, value in headers]
    defaults = {"host": b"test", "connection": b"close"}
    if body is not None:
        defaults["content-length"] = b"%d" % len(body)
    given += [(name, value) for name, value in defaults.items() if name not in dict(given)]
    line = target if isinstance(target, bytes) else target.encode()
    head = [method.encode() + b" " + line + b" HTTP/1.1"]
    head += [name.encode() + b": " + value for name, value in given]
    return b"\r\n".join([*head, b"", body or b""])


def send(address: str, request: bytes, *, half_close: bool = False) -> Response:
    """Sends a request on a new connection, and returns the first response.

    `half_close` tells the server that nothing more is sent.
    """
    url = urlsplit(address)
    with socket.create_connection((url.hostname, url.port), TIMEOUT) as connection:
        try:
            connection.sendall(request)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except OSError:  # the server has answered and closed before everything is sent
            pass
        response = HTTPResponse(connection, method=request.partition(b" ")[0].decode("latin-1"))
        try:
            response.begin()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, headers, response.read())
        except (OSError, HTTPException):  # or a timeout
            return Response()
        finally:
            response.close()
