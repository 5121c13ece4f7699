"""Rate limits for sign-in, registration and mail."""

from ipaddress import IPv6Address, IPv6Network
from math import ceil
from time import time

import structlog
from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from app.auth.errors import LimitsUnavailable, TooManyAttempts
from app.auth.settings import AuthSettings

PER_CLIENT = parse("60/minute")  # for all of these routes together
PER_ACCOUNT = parse("10/minute")  # for each client, route and account: nobody locks out the owner

log = structlog.get_logger()


class RateLimiter:
    def __init__(self, settings: AuthSettings) -> None:
        storage = storage_from_string(settings.rate_limit_storage, wrap_exceptions=True)
        self.window = MovingWindowRateLimiter(storage)

    async def hit(self, limit: RateLimitItem, *key: str) -> None:
        """Count an attempt. Raises TooManyAttempts or LimitsUnavailable."""
        try:
            if await self.window.hit(limit, *key):
                return
            stats = await self.window.get_window_stats(limit, *key)
        except StorageError as error:
            log.warning("unavailable", reason=repr(error.storage_error))
            raise LimitsUnavailable from error
        raise TooManyAttempts(max(1, ceil(stats.reset_time - time())))


async def limit_client(request: Request) -> None:
    await request.state.rate_limiter.hit(PER_CLIENT, address(request))


async def limit_account(request: Request, account: str) -> None:
    key = (address(request), request.url.path, account)
    await request.state.rate_limiter.hit(PER_ACCOUNT, *key)


def address(request: Request) -> str:
    """The address of the client; for IPv6 its /64 network, because a client has all of its addresses."""
    host = request.client.host if request.client else ""
    try:
        ip = IPv6Address(host)
    except ValueError:  # IPv4, or a Unix socket
        return host
    return str(ip.ipv4_mapped or IPv6Network((ip, 64), strict=False))
