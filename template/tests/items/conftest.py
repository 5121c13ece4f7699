import pytest
from httpx2 import AsyncClient


@pytest.fixture
def client(user_client: AsyncClient) -> AsyncClient:
    """A client that is signed in as a user, for all tests of items."""
    return user_client
