"""HEAD for every route that has GET, and the `Allow` of a 405."""

from collections import defaultdict
from collections.abc import Awaitable

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadMiddleware:
    """Runs the GET route for a HEAD request, and sends its response without the body.

    A route of its own takes precedence: `@router.head("/…")`.
    """

    def __init__(self, app: ASGIApp, service: FastAPI) -> None:
        self.app = app
        self.service = service

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            return self.head(scope, receive, send)
        return self.app(scope, receive, send)  # the caller awaits the coroutine of the app

    async def head(self, scope: Scope, receive: Receive, send: Send) -> None:
        ended = False

        async def send_without_body(message: Message) -> None:
            nonlocal ended
            if not ended:
                if message["type"] == "http.response.body":
                    ended = True  # ends a stream, too: it gets a disconnect from the server
                    message = {"type": "http.response.body"}
                await send(message)

        own = self.has_own_route(scope)
        await self.app(scope if own else {**scope, "method": "GET"}, receive, send_without_body)

    def has_own_route(self, scope: Scope) -> bool:
        return any(
            "HEAD" in (route.methods or ()) and route.matches(scope)[0] is Match.FULL
            for route in iter_route_contexts(self.service.routes)
        )


def allowed_methods(request: Request) -> str:
    """All methods of the path (RFC 9110, 10.2.1). Starlette lists those of one route only."""
    methods_of: dict[str | None, set[str]] = defaultdict(set)
    for route in iter_route_contexts(request.app.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            methods_of[route.path].update(route.methods or ())
    # `/users/{user_id}` matches `/users/me`, too, which is a resource of its own.
    path = min(methods_of, key=lambda path: str(path).count("{"), default=None)
    methods = methods_of[path]
    if "GET" in methods or not methods:  # none: a static file
        methods.update(("GET", "HEAD"))
    return ", ".join(sorted(methods))
