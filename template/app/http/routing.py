"""A router that is fast in services with many domains."""

from fastapi import APIRouter
from starlette.routing import Match
from starlette.types import Scope


class PrefixRouter(APIRouter):
    """An `APIRouter` whose routes are tried only if its prefix is in the path.

    FastAPI tries the routes of each router until one matches (fastapi#16159): with ten domains, that
    would take a quarter of the time of a request.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if self.prefix in scope["path"] or "{" in self.prefix:
            return super().matches(scope)
        return Match.NONE, {}
