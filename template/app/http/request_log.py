"""Logs each request with its id."""

import re
from random import getrandbits
from time import perf_counter
from urllib.parse import quote

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

REQUEST_ID = re.compile(rb"[\w.-]{1,64}")
MAX_PATH = 1000  # bytes; log collectors truncate long lines, which breaks the JSON

log = structlog.get_logger()


class RequestLogMiddleware:
    """Writes one log entry for each request, without the query, which may contain secrets.

    The request id is the client's `X-Request-ID` if it is valid. It is in the response, and in
    every entry that is logged during the request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        request_id = dict(scope["headers"]).get(b"x-request-id", b"")
        if not REQUEST_ID.fullmatch(request_id):
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
            path = scope.get("raw_path") or quote(scope["path"]).encode()  # optional in ASGI
            log.info(
                "request",
                method=scope["method"],
                path=path[:MAX_PATH].decode("ascii", "replace"),
                status=status,
                ms=round((perf_counter() - start) * 1000, 1),
            )
