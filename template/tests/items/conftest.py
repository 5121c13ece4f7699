import pytest
from httpx2 import AsyncClient


@pytest.fixture
def client(user_client: AsyncClient) -> AsyncClient:
    """The tests of items are signed in as a user."""
    return user_client
