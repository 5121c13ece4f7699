"""The responses and security schemes of users in the OpenAPI document."""

from typing import Any

import pytest
from fastapi import FastAPI

EVERY = {400, 413, 422, 503}
PUBLIC = EVERY | {403, 429}
SIGNED_IN = EVERY | {401, 403}
STATUSES = {
    "post /auth/jwt/login": PUBLIC | {200},
    "post /auth/session/login": PUBLIC | {204},
    "post /auth/session/logout": PUBLIC | {204, 401},
    "post /auth/register": PUBLIC | {201},
    "post /auth/forgot-password": PUBLIC | {202},
    "post /auth/reset-password": PUBLIC | {200},
    "post /auth/request-verify-token": PUBLIC | {202},
    "post /auth/verify": PUBLIC | {200},
    "post /users/confirm-email": PUBLIC | {200},
    "get /users/me": SIGNED_IN | {200},
    "post /users/me/password": SIGNED_IN | {204, 409, 429},
    "post /users/me/email": SIGNED_IN | {202, 429},
    "delete /users/me/sessions": SIGNED_IN | {204},
    "post /users/me/keys": SIGNED_IN | {201, 429},
    "get /users/me/keys": SIGNED_IN | {200},
    "delete /users/me/keys/{key_id}": SIGNED_IN | {204, 404},
    "get /users": SIGNED_IN | {200},
    "get /users/{user_id}": SIGNED_IN | {200, 404},
    "patch /users/{user_id}": SIGNED_IN | {200, 404, 409},
    "delete /users/{user_id}": SIGNED_IN | {204, 404, 409},
}


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


@pytest.mark.parametrize("operation", STATUSES)
def test_documented_responses(document: dict[str, Any], operation: str) -> None:
    method, path = operation.split()
    assert set(map(int, document["paths"][path][method]["responses"])) == STATUSES[operation]


def test_tags(document: dict[str, Any]) -> None:
    assert {"auth", "users", "API keys"} <= {tag["name"] for tag in document["tags"]}


def test_bearer_token_and_cookie_are_documented(document: dict[str, Any]) -> None:
    bearer, cookie = document["components"]["securitySchemes"].values()
    assert bearer["flows"]["password"]["tokenUrl"] == "auth/jwt/login"
    assert (cookie["in"], cookie["name"]) == ("cookie", "session")
    assert len(document["paths"]["/users/me"]["get"]["security"]) == 2
