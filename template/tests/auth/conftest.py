from tests.auth.fixtures import (
    fresh_limits,
    outbox,
    quick_hashes,
    superuser,
    superuser_client,
    user,
    user_client,
)

__all__ = [
    "fresh_limits",
    "outbox",
    "quick_hashes",
    "superuser",
    "superuser_client",
    "user",
    "user_client",
]
