"""CORS: browsers let front ends on the origins in CORS_ORIGINS use the API."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import TypeAdapter, ValidationError

from app.api import create_app
from app.http.cors import Origins
from app.settings import Settings

APP = "https://app.example.com"
OTHER = {"origin": "https://other.example.com"}
PREFLIGHT = {"access-control-request-method": "PATCH", "access-control-request-headers": "x-a"}


@asynccontextmanager
async def client_for(settings: Settings, *origins: str) -> AsyncGenerator[AsyncClient]:
    app = create_app(settings.model_copy(update={"cors_origins": list(origins)}))
    add_routes(app)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def add_routes(app: FastAPI) -> None:
    @app.get("/test-cors")
    async def fail() -> None:
        raise RuntimeError


def cors(response: Any) -> dict[str, str]:
    prefix = "access-control-"
    return {
        name.removeprefix(prefix): value
        for name, value in response.headers.items()
        if name.startswith(prefix)
    }


async def test_listed_origin(settings: Settings) -> None:
    async with client_for(settings, APP) as client:
        response = await client.get("/health/live", headers={"origin": APP})
        assert response.headers["vary"] == "Origin"
        assert cors(response) == {
            "allow-origin": APP,
            "allow-credentials": "true",
            "expose-headers": "Location, Retry-After, X-Request-ID",
        }
        response = await client.options("/items/1", headers={"origin": APP} | PREFLIGHT)
        assert response.status_code == 200
        assert (
            cors(response).items()
            >= {
                "allow-origin": APP,
                "allow-credentials": "true",
                "allow-headers": "x-a",
            }.items()
        )
        assert "PATCH" in cors(response)["allow-methods"]


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/test-cors", 500)])
async def test_errors_can_be_read(settings: Settings, path: str, status: int) -> None:
    async with client_for(settings, APP) as client:
        response = await client.get(path, headers={"origin": APP})
        assert (response.status_code, cors(response)["allow-origin"]) == (status, APP)


async def test_other_origin(settings: Settings) -> None:
    async with client_for(settings, APP) as client:
        response = await client.get("/health/live", headers=OTHER)
        assert "allow-origin" not in cors(response)
        response = await client.options("/items/1", headers=OTHER | PREFLIGHT)
        assert (response.status_code, "allow-origin" in cors(response)) == (400, False)


async def test_all_origins_without_cookies(settings: Settings) -> None:
    async with client_for(settings, "*") as client:
        response = await client.get("/health/live", headers=OTHER)
        assert cors(response)["allow-origin"] == "*"
        assert "allow-credentials" not in cors(response)


async def test_off_by_default(client: AsyncClient) -> None:
    assert cors(await client.get("/health/live", headers={"origin": APP})) == {}


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", []),
        ("[]", []),
        ("*", ["*"]),
        (f" {APP}, http://localhost:5173", [APP, "http://localhost:5173"]),
        (f'["{APP}"]', [APP]),
    ],
)
def test_setting(text: str, origins: list[str]) -> None:
    assert TypeAdapter(Origins).validate_python(text) == origins


@pytest.mark.parametrize("text", [f"{APP}/", "app.example.com", f"{APP}/app", "null", "["])
def test_invalid_setting(text: str) -> None:
    with pytest.raises(ValidationError, match="write https"):
        TypeAdapter(Origins).validate_python(text)
