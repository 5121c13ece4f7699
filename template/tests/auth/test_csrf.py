"""Protection against cross-site request forgery (CSRF)."""

import pytest
from httpx2 import AsyncClient

from app.auth.models import User
from app.settings import Settings
from tests.auth.fixtures import PASSWORD, Accounts

LOGIN = "/auth/session/login"
SESSIONS = "/users/me/sessions"
FORM = {"username": "user@example.com", "password": PASSWORD}
BASIC = {"authorization": "Basic eDp5"}  # browsers repeat it automatically after a challenge
FRIEND = "https://friend.example"
SITES = {"same-origin": 204, "none": 204, "same-site": 403, "cross-site": 403}
ORIGINS = {"http://test": 204, FRIEND: 204, "http://evil/@test": 403, "null": 403, "http://[": 403}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        *[({"sec-fetch-site": site}, status) for site, status in SITES.items()],
        *[({"origin": origin}, status) for origin, status in ORIGINS.items()],
    ],
)
async def test_cross_site_write_with_cookie(
    client: AsyncClient,
    user: User,
    accounts: Accounts,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    status: int,
) -> None:
    monkeypatch.setattr(settings, "cors_origins", [FRIEND])
    assert (await client.post(LOGIN, data=FORM, headers=headers)).status_code == status
    for more in ({}, BASIC, {"authorization": "Bearer x"}):
        await client.post(LOGIN, data=FORM)
        assert (await client.get("/users/me", headers=headers | more)).status_code == 200
        response = await client.delete(SESSIONS, headers=headers | more)
        assert response.status_code == status
    response = await client.delete(SESSIONS, headers=headers | accounts.headers(user))
    assert response.status_code == 204  # browsers add no bearer token
