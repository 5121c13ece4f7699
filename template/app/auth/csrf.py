"""Protection against cross-site request forgery (CSRF)."""

from fastapi import Request

from app.auth.errors import CrossSiteRequest
from app.db.session import SAFE_METHODS


async def check_origin(request: Request) -> None:
    """Raise CrossSiteRequest for a write request from an origin that is not in CORS_ORIGINS."""
    if request.method in SAFE_METHODS:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin in request.state.settings.cors_origins:
        return
    if site is not None:
        same = site in {"same-origin", "none"}
    else:
        same = origin is None or origin.partition("://")[2] == request.headers.get("host")
    if not same:
        raise CrossSiteRequest
