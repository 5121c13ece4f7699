"""Limits the size of request bodies."""

from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.problems import problem


class BodyLimitMiddleware:
    """Sends a 413 if the Content-Length is over the limit, before the route does any work.

    FastAPI checks the limit only while a body is read: a route that does not read the body would
    commit first. A route or a router may set its own limit with `max_body_size`.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            length = dict(scope["headers"]).get(b"content-length", b"0")
            if length.isdigit() and int(length) > self.limit and int(length) > self.own(scope):
                await problem(413, "The request body is too large.")(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def own(self, scope: Scope) -> int:
        """The limit of the route that handles the request."""
        for route in iter_route_contexts(scope["app"].routes):
            if route.matches(scope)[0] is Match.FULL:
                return getattr(route, "max_body_size", None) or self.limit
        return self.limit
