"""Runs a request again, whole, when the database asks for its transaction to be run again."""

import asyncio
import random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db.database import SAFE_METHODS, TransactionConflict
from app.errors import unavailable

ATTEMPTS = 10
REPLAYABLE = 1_000_000  # bytes of a body that are kept for another attempt


class RetryMiddleware:
    """Answers 503 when all attempts meet a conflict, or when the body was too long to keep.

    Add it first, so that it is the innermost: other middleware sees one request. What a handler
    does outside the database before COMMIT happens once an attempt; a background task runs once.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return

        body = Replay(receive)
        state = dict(scope.setdefault("state", {}))
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        for attempt in range(ATTEMPTS):
            try:
                await self.app(scope, body.receive, watch)
            except TransactionConflict:
                if started:
                    raise
                if not body.rewind():
                    break
                scope["state"].clear()
                scope["state"].update(state)
                await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # apart from each other
            else:
                return
        await unavailable("transactions in conflict")(scope, receive, send)


class Replay:
    """`receive`, recorded: after `rewind()` the same messages come again."""

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
            if self.size <= REPLAYABLE:
                self.kept.append(message)
            else:
                self.kept.clear()
        self.position += 1
        return message

    def rewind(self) -> bool:
        self.position = 0
        return self.size <= REPLAYABLE
