"""Retries the whole request after a transaction conflict or a change of the schema."""

import asyncio
import random
from time import monotonic

from opentelemetry.metrics import get_meter
from opentelemetry.trace import get_current_span
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db.database import TransactionConflict
from app.http.problems import unavailable

ATTEMPTS = 10
MAX_REPLAY = 1_000_000  # bytes of a body that are kept for another attempt

retries = get_meter("app").create_counter("app.request.retries", "{retry}", "Retried requests.")


class RetryMiddleware:
    """Calls the application again when it raises `TransactionConflict`.

    The client gets a 503 when all attempts fail, when `timeout` seconds have passed, or when the
    body is too large to keep. Add this middleware first: as the innermost one, it hides the
    attempts from the others. Side effects outside the database happen in each attempt, but
    background tasks run once.
    """

    def __init__(self, app: ASGIApp, timeout: float) -> None:
        self.app, self.timeout = app, timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        body = RecordedBody(receive)
        state = scope.setdefault("state", {})
        first_scope, first_state = dict(scope), dict(state)
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        deadline = monotonic() + self.timeout
        for attempt in range(ATTEMPTS):
            if attempt > 0:
                pause = random.uniform(0, 0.01 * 2**attempt)  # jitter
                if monotonic() + pause > deadline:
                    break
                await asyncio.sleep(pause)
                get_current_span().add_event("retry", {"attempt": attempt + 1})
                retries.add(1)
            try:
                await self.app(scope, body.receive, watch)
            except TransactionConflict:
                if started:
                    raise
                if not body.rewind():
                    break
                for changed, first in ((state, first_state), (scope, first_scope)):
                    changed.clear()
                    changed.update(first)
            else:
                return
        await unavailable("transactions in conflict")(scope, receive, send)


class RecordedBody:
    """Records the messages that `receive` returns, and returns them again after `rewind()`."""

    def __init__(self, live: Receive) -> None:
        self.live = live
        self.kept: list[Message] = []
        self.position = self.size = 0

    async def receive(self) -> Message:
        if self.position < len(self.kept):
            message = self.kept[self.position]
        else:
            message = await self.live()
            self.size += len(message.get("body", b""))
            if self.size <= MAX_REPLAY:
                self.kept.append(message)
            else:
                self.kept.clear()
        self.position += 1
        return message

    def rewind(self) -> bool:
        """Start again at the first message. False if the body was too large to keep."""
        self.position = 0
        return self.size <= MAX_REPLAY
