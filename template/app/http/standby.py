"""Chooses the requests that read from the standby: their client has not just written."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db.session import SAFE_METHODS
from app.db.standby import may_be_stale

COOKIE = b"recent_write=1"


class StandbyMiddleware:
    """Lets safe methods read from the standby, except for `max_lag` seconds after a write.

    Each response to another method sets a cookie with this lifetime. It is not signed, because a
    client that forges it only reads from the primary. `Cache-Control: no-cache` does the same for
    a client without cookies.
    """

    def __init__(self, app: ASGIApp, max_lag: int) -> None:
        self.app = app
        self.cookie = COOKIE + b"; Max-Age=%d; Path=/; HttpOnly; SameSite=Lax" % max_lag

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", self.cookie)]
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["method"] in SAFE_METHODS:
            token = may_be_stale.set(not needs_primary(scope))
            try:
                await self.app(scope, receive, send)
            finally:
                may_be_stale.reset(token)
        else:
            await self.app(scope, receive, send_with_cookie)


def needs_primary(scope: Scope) -> bool:
    return any(
        (name == b"cookie" and COOKIE in value)
        or (name == b"cache-control" and b"no-cache" in value.lower())
        for name, value in scope["headers"]
    )
