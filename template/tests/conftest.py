"""Real requests on a real database: the schema by the migrations, real commits, rows deleted after."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic_settings import SettingsConfigDict
from sqlalchemy import URL, delete
from sqlmodel import SQLModel
from starlette.types import Receive, Scope, Send

from app.db.database import Database
from app.main import create_app
from app.settings import Settings
from tests.database import fresh_database, running_server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"  # one event loop for all tests: pooled connections belong to it


@pytest.fixture(scope="session")
def server() -> Iterator[URL]:
    with running_server() as url:
        yield url


class TestSettings(Settings):
    __test__ = False
    model_config = SettingsConfigDict(env_file=None)


def settings_for(url: URL) -> Settings:
    return TestSettings(database_url=url, log_level="INFO", log_format="json")


def alembic_config(settings: Settings) -> Config:
    return Config(toml_file="pyproject.toml", attributes={"settings": settings})


@pytest.fixture(scope="session")
def settings(server: URL) -> Iterator[Settings]:
    with fresh_database(server) as url:
        settings = settings_for(url)
        command.upgrade(alembic_config(settings), "head")
        yield settings


@pytest.fixture(scope="session")
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture(scope="session")
async def state(anyio_backend: str, app: FastAPI) -> AsyncGenerator[dict[str, Any]]:
    async with app.router.lifespan_context(app) as state:
        yield dict(state or {})


@pytest.fixture(scope="session")
def db(state: dict[str, Any]) -> Database:
    found: Database = state["db"]
    return found


@pytest.fixture(scope="session")
def transport(app: FastAPI, state: dict[str, Any]) -> ASGITransport:
    """The application as its users meet it: an unexpected error is a 500 and not an exception."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return ASGITransport(serve, raise_app_exceptions=False)


@pytest.fixture
async def client(anyio_backend: str, transport: ASGITransport) -> AsyncGenerator[AsyncClient]:
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture(autouse=True)
async def clean(anyio_backend: str, db: Database) -> AsyncGenerator[None]:
    yield
    async with db.unit() as session:
        for table in reversed(SQLModel.metadata.sorted_tables):
            await session.exec(delete(table))
