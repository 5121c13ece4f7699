"""Errors that a domain raises. `app/http/problems.py` turns them into responses."""

from collections.abc import Mapping
from types import MappingProxyType


class DomainError(Exception):
    """A request that cannot be processed. The response has this status, detail and headers."""

    status = 400
    detail = "The request cannot be processed."
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.detail)


class Forbidden(DomainError):
    status = 403


class NotFound(DomainError):
    status = 404


class Conflict(DomainError):
    status = 409
