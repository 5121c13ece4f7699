"""The routes of these tests, and their table."""

from collections.abc import AsyncGenerator

import pytest
from fastapi import FastAPI
from sqlmodel import delete

from app.api import include_domain
from app.db.database import Database
from tests.idempotency.routes import Effect, plain_router, router


@pytest.fixture(scope="package", autouse=True)
async def table(app: FastAPI, db: Database) -> AsyncGenerator[None]:
    include_domain(app, router)
    include_domain(app, plain_router)
    async with db.writer.begin() as connection:
        await connection.run_sync(Effect.metadata.create_all)
    yield
    async with db.writer.begin() as connection:
        await connection.run_sync(Effect.metadata.drop_all)


@pytest.fixture(autouse=True)
async def empty(table: None, db: Database) -> AsyncGenerator[None]:
    yield
    async with db.unit() as session:
        await session.exec(delete(Effect))
