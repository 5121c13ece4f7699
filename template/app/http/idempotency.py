"""Idempotency keys: a request that a client repeats with the same key takes effect once.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response, params
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlmodel import bindparam, col, func, select

from app.db.database import TransactionConflict
from app.db.error_codes import CONFLICT, LOCKED, code_of
from app.db.ids import HasId
from app.db.models import now
from app.db.session import Repository
from app.errors import Conflict
from app.http.models import IdempotencyKey
from app.http.problems import RETRY_AFTER

HEADER = "Idempotency-Key"
REUSED = "This key belongs to another request. Use a new key for each request."
NOT_STORED = "idempotent() needs a route that stores its response: use a PrefixRouter."
# MySQL refuses a row that another transaction is inserting. PostgreSQL would wait for it, so it
# needs an advisory lock. SQLite has one writing transaction at a time.
BY_ID = select(IdempotencyKey).where(col(IdempotencyKey.id) == bindparam("id"))
BY_ID = BY_ID.with_for_update(read=True, nowait=True)
LOCK = select(func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("id"), 0)))

Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=255,
        description="Repeat a request with the same key, for example a UUID, if you get no"
        " response. It takes effect once, and you get the first response.",
    ),
]


class KeyInUse(Conflict):
    detail = "A request with this Idempotency-Key is still running. Please retry."
    headers = RETRY_AFTER


class Answered(Exception):
    """There is a response to an earlier request with this key."""

    def __init__(self, response: Response) -> None:
        self.response = response


class IdempotencyKeys(Repository):
    async def reserve(self, key_id: str, fingerprint: str, lifetime: timedelta) -> IdempotencyKey:
        """The key, without a response if it is new. Raises KeyInUse or TransactionConflict."""
        try:
            await self.lock(key_id)
            key = (await self.session.exec(BY_ID, params={"id": key_id})).one_or_none()
            if key is not None and key.expires_at > now():
                return key
            if key is not None:
                await self.session.delete(key)
                await self.session.flush()
            expires_at = now() + lifetime
            key = IdempotencyKey(id=key_id, fingerprint=fingerprint, expires_at=expires_at)
            self.session.add(key)
            await self.session.flush()
        except DBAPIError as error:
            if code_of(error) in LOCKED:
                raise KeyInUse from error
            if code_of(error) in CONFLICT:  # inserted meanwhile: another attempt finds it
                raise TransactionConflict from error
            raise
        return key

    async def lock(self, key_id: str) -> None:
        postgresql = self.session.get_bind().dialect.name == "postgresql"
        if postgresql and not (await self.session.exec(LOCK, params={"id": key_id})).one():
            raise KeyInUse


async def nobody() -> None:
    """The owner of all keys of a route without users."""


@dataclass(frozen=True)
class Idempotent(params.Depends):
    """Marks a route that accepts idempotency keys."""

    owner: Callable[..., Awaitable[HasId | None]] = nobody


def idempotent(owner: Callable[..., Awaitable[HasId | None]] = nobody) -> Idempotent:
    """Accept the header `Idempotency-Key` in a POST: `dependencies=[idempotent(current_user)]`.

    Keys are separate for each owner. The response is stored, so do not use this for secrets. The
    route must not commit before it ends, as one that hashes a password does.
    """

    async def reserve(
        request: Request,
        keys: Annotated[IdempotencyKeys, Depends(IdempotencyKeys.provide)],
        owned_by: Annotated[Any, Depends(owner)],
        key: Key = None,
    ) -> None:
        if key is None:
            return
        if not hasattr(request.state, "idempotency_key"):
            raise RuntimeError(NOT_STORED)
        target = request.scope["path"].encode() + b"?" + request.scope["query_string"]
        parts = [request.method.encode(), target, await request.body()]
        fingerprint = sha256(b"\n".join(parts)).hexdigest()
        key_id = sha256(f"{owned_by and owned_by.id} {key}".encode()).hexdigest()
        lifetime = timedelta(seconds=request.state.settings.idempotency_seconds)
        found = await keys.reserve(key_id, fingerprint, lifetime)
        if found.fingerprint != fingerprint:
            error = {"loc": ("header", HEADER), "msg": REUSED, "type": "idempotency_key"}
            raise RequestValidationError([error])
        if found.response:
            raise Answered(found.load())
        request.state.idempotency_key = found

    return Idempotent(reserve, owner=owner)
