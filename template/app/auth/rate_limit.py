"""Rate limits for sign-in, registration and mail."""

from math import ceil
from time import time

from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

from app.auth.errors import TooManyAttempts
from app.auth.settings import AuthSettings

PER_CLIENT = parse("60/minute")  # for all of these routes together
PER_ACCOUNT = parse("10/minute")  # for each client, route and account: nobody locks out the owner


class RateLimiter:
    def __init__(self, settings: AuthSettings) -> None:
        self.window = MovingWindowRateLimiter(storage_from_string(settings.rate_limit_storage))

    async def hit(self, limit: RateLimitItem, *key: str) -> None:
        """Count an attempt. Raises TooManyAttempts when the limit is exceeded."""
        if not await self.window.hit(limit, *key):
            stats = await self.window.get_window_stats(limit, *key)
            raise TooManyAttempts(max(1, ceil(stats.reset_time - time())))


async def limit_client(request: Request) -> None:
    await request.state.rate_limiter.hit(PER_CLIENT, address(request))


async def limit_account(request: Request, account: str) -> None:
    key = (address(request), request.url.path, account)
    await request.state.rate_limiter.hit(PER_ACCOUNT, *key)


def address(request: Request) -> str:
    return request.client.host if request.client else ""
