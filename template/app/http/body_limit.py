"""Limits the size of request bodies."""

from functools import cached_property

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.problems import problem_response


class BodyLimitMiddleware:
    """Sends a 413 if the Content-Length is over the limit, before the route does any work.

    FastAPI checks the limit only while a body is read: a route that does not read the body would
    commit first. A route or a router may set its own limit with `max_body_size`.
    """

    def __init__(self, app: ASGIApp, service: FastAPI, limit: int) -> None:
        self.app = app
        self.service = service
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            length = dict(scope["headers"]).get(b"content-length", b"")
            size = int(length) if length.isdigit() else 0
            if size > self.lowest_limit and size > self.find_limit(scope):
                await problem_response(413, "The request body is too large.")(scope, receive, send)
                return
        await self.app(scope, receive, send)

    @cached_property
    def lowest_limit(self) -> int:
        """The lowest limit of all routes. Smaller bodies need no search for their route."""
        limits: list[int | None] = [
            getattr(route, "max_body_size", None)
            for route in iter_route_contexts(self.service.routes)
        ]
        return min([self.limit, *(limit for limit in limits if limit is not None)])

    def find_limit(self, scope: Scope) -> int:
        """The limit of the route that handles the request."""
        for route in iter_route_contexts(self.service.routes):
            if route.matches(scope)[0] is Match.FULL:
                limit: int | None = getattr(route, "max_body_size", None)
                return self.limit if limit is None else limit
        return self.limit
