"""While no connection can be opened, requests get a 503, whatever the reason."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import URL, event
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from app.api import create_app, include_domain
from app.db.session import DatabaseDep
from app.settings import Settings
from tests.conftest import settings_for
from tests.database import refusing_databases

routes = APIRouter(prefix="/test-refused")


@routes.get("")
async def read(db: DatabaseDep) -> None:
    async with db.unit(read_only=True) as session:
        await session.connection()


@routes.post("")
async def write(db: DatabaseDep) -> None:
    async with db.unit() as session:
        await session.connection()


@pytest.fixture(scope="module")
def refusing(server: URL) -> Iterator[dict[str, URL]]:
    with refusing_databases(server) as urls:
        yield urls


async def get_answers(settings: Settings, error: Exception | None = None) -> tuple[Any, str]:
    """The statuses and Retry-After headers of requests to a service, and its log."""
    app = create_app(settings)
    include_domain(app, routes)
    with capture_logs() as logs:
        async with app.router.lifespan_context(app) as state:
            assert state is not None
            if error is not None:
                for engine in (state["db"].reader, state["db"].writer):
                    event.listen(engine.sync_engine, "do_connect", fail_with(error))

            async def serve(scope: Scope, receive: Receive, send: Send) -> None:
                await app({**scope, "state": dict(state)}, receive, send)

            transport = ASGITransport(serve, raise_app_exceptions=False)
            async with AsyncClient(transport=transport, base_url="http://test") as client:
                answers = [await client.request(method, path) for method, path in REQUESTS]
    return [(each.status_code, each.headers.get("Retry-After")) for each in answers], str(logs)


def fail_with(error: Exception) -> Any:
    def fail(*_: object) -> None:
        raise error

    return fail


REQUESTS = [
    ("GET", "/test-refused"),
    ("POST", "/test-refused"),
    ("GET", "/health/ready"),
    ("GET", "/health/live"),
]
UNAVAILABLE = [(503, "1"), (503, "1"), (503, "1"), (200, None)]


async def test_refused_connections(refusing: dict[str, URL]) -> None:
    found = {reason: await get_answers(settings_for(url)) for reason, url in refusing.items()}
    assert {reason: answers for reason, (answers, _) in found.items()} == dict.fromkeys(
        refusing, UNAVAILABLE
    )
    for _, log in found.values():
        assert "'event': 'unavailable'" in log
        assert "a-secret" not in log


@pytest.mark.parametrize("error", [TypeError("an argument"), UnicodeError(), OSError()])
async def test_any_error_of_the_driver(settings: Settings, error: Exception) -> None:
    answers, log = await get_answers(settings, error)
    assert answers == UNAVAILABLE
    assert repr(error) in log
