"""Bodies that are too large: refused before any work is done for them."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import problem

DETAIL = "The body is too large."


class BodySizeMiddleware:
    """Answers 413: at once where the declared length is over the limit, else when that is read.

    A length that is declared is kept to by the server; FastAPI's own limit looks at it too late
    for a route that reads no body, which has done its work, and committed it, by then.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        declared = length.isdigit() and b"transfer-encoding" not in headers
        if declared and int(length) > self.limit:
            await problem(413, DETAIL)(scope, receive, send)
        else:
            await self.app(scope, receive if declared else self.counting(receive), send)

    def counting(self, receive: Receive) -> Receive:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.limit:
                raise HTTPException(413, DETAIL)
            return message

        return counted
