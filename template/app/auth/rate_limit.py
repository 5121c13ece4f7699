"""What stands before the routes of users: how often one may try, and from which site."""

from math import ceil
from time import time

from fastapi import HTTPException, Request
from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from app.auth.settings import settings
from app.db.database import SAFE_METHODS

limiter = MovingWindowRateLimiter(storage_from_string(settings.throttle_storage))
BY_ADDRESS = parse("60/minute")  # of a client, over all of these routes
BY_ACCOUNT = parse("10/minute")  # of a client, for one account: it locks out nobody else


async def throttle(request: Request) -> None:
    """Raise 429 with Retry-After when a client has tried too often."""
    await _hit(request, BY_ADDRESS)


async def throttle_account(request: Request, account: str) -> None:
    """The same for one account."""
    await _hit(request, BY_ACCOUNT, request.url.path, account)


async def _hit(request: Request, limit: RateLimitItem, *more: str) -> None:
    key = (request.client.host if request.client else "", *more)
    if not await limiter.hit(limit, *key):
        window = await limiter.get_window_stats(limit, *key)
        wait = max(1, ceil(window.reset_time - time()))
        raise HTTPException(429, "Too many attempts.", {"Retry-After": str(wait)})


async def same_site(request: Request) -> None:
    """Raise 403 for a write that another site's page makes: the browser adds the cookie to it."""
    if request.method in SAFE_METHODS:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None and origin in settings.allowed_origins:
        return
    if site is not None:
        own = site in {"same-origin", "none"}
    else:
        own = origin is None or origin.partition("://")[2] == request.headers.get("host")
    if not own:
        raise HTTPException(403, "Another site may not do this.")
