"""Items belong to users: the tests of this folder are signed in as one."""

import pytest
from httpx2 import AsyncClient

from tests.auth.fixtures import fresh_limits, quick_hashes, user, user_client

__all__ = ["fresh_limits", "quick_hashes", "user", "user_client"]


@pytest.fixture
def client(user_client: AsyncClient) -> AsyncClient:
    return user_client
