"""Bodies that are too large: refused before any work is done for them."""

from fastapi import Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import problem


class BodySizeMiddleware:
    """Answers 413 where the declared length is over the limit, and makes FastAPI's 413 a problem.

    FastAPI counts what is read: without this, a route that reads no body would have done its
    work, and committed it, by the time that its answer is refused.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and declared_length(scope) > self.limit:
            await too_large()(scope, receive, send)
            return
        replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                replaced = True
                await too_large()(scope, receive, send)
            elif not replaced:
                await send(message)

        await self.app(scope, receive, send_problem)


def declared_length(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isdecimal() else 0


def too_large() -> Response:
    return problem(413, "The body is too large.")
