"""What measures regularly goes on after an error, and so does the service."""

import asyncio
from types import ModuleType

import pytest
from structlog.testing import capture_logs

from app import api, metrics
from app.db.database import Database
from app.settings import Settings


async def test_error_in_measure(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: asyncio.Queue[Database] = asyncio.Queue()

    async def measure(db: Database) -> None:
        measured.put_nowait(db)
        raise RuntimeError("a mistake")

    domain = ModuleType("app.orders.metrics")
    monkeypatch.setattr(domain, "measure", measure, raising=False)
    monkeypatch.setattr(api, "connect", lambda settings: Database().connect(settings))
    monkeypatch.setattr(metrics, "PAUSE", 0)
    settings = settings.model_copy()
    app = api.create_app(settings)
    settings.telemetry = True  # only now: create_app() would configure it for the whole process
    monkeypatch.setattr(api, "modules", lambda _: [domain])
    with capture_logs() as logs:
        async with app.router.lifespan_context(app), asyncio.timeout(10):
            await measured.get()
            async with (await measured.get()).unit(read_only=True) as session:
                await session.connection()
    assert (logs[0]["module"], logs[0]["exc_info"]) == ("app.orders.metrics", True)
