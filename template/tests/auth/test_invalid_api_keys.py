"""Invalid API keys, and unknown ones."""

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests.auth.test_api_keys import NEW


@pytest.mark.parametrize(
    "invalid",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"expires_at": "2101-01-01T00:00:00"},
        {"expires_at": "0001-01-01T00:00:00+14:00"},
        {"expires_at": "9999-12-31T23:59:59-14:00"},
        {"expires_at": "soon"},
        {"expires_at": 4102444800},
        {"key": "key_mine"},
    ],
)
async def test_invalid_key(user_client: AsyncClient, invalid: dict[str, Any]) -> None:
    assert (await user_client.post("/users/me/keys", json=NEW | invalid)).status_code == 422


@pytest.mark.parametrize("length", [1, 100])
async def test_length_of_name(user_client: AsyncClient, length: int) -> None:
    response = await user_client.post("/users/me/keys", json=NEW | {"name": "x" * length})
    assert response.status_code == 201


@pytest.mark.parametrize("expires_at", ["2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"])
async def test_invalid_expiry(user_client: AsyncClient, expires_at: str) -> None:
    response = await user_client.post("/users/me/keys", json=NEW | {"expires_at": expires_at})
    assert (response.status_code, "expires_at" in response.json()["detail"]) == (400, True)


@pytest.mark.parametrize("key", ["key_", "key_x", "key_\N{SNOWMAN}"])
async def test_unknown_key(anonymous: AsyncClient, key: str) -> None:
    headers = {b"authorization": f"Bearer {key}".encode()}
    assert (await anonymous.get("/users/me", headers=headers)).status_code == 401
