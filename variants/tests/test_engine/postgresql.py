"""The connections to PostgreSQL, and the responses to its errors."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api import include_domain
from app.db.database import Database
from app.db.engine import create_migrator, create_reader, create_writer
from app.db.session import DatabaseDep
from app.db.url import parse_url
from app.settings import Settings
from tests.conftest import settings_for

TIMEOUTS = "statement_timeout", "idle_in_transaction_session_timeout"
RAISE = "DO $$BEGIN RAISE SQLSTATE '{}'; END$$"
PID = "SELECT pg_backend_pid()"
STATUSES = {
    409: ["23001", "23503", "23505", "23P01"],
    400: ["22001", "22003", "23502", "23514"],
    503: ["08006", "25006", "25P03", "40001", "40P01", "53100", "53200", "53300", "55P03"],
    500: ["22012", "42P01"],
}
STATUSES[503] += ["57014", "57P01", "57P02", "57P03", "57P05"]
routes = APIRouter(prefix="/test-engine")


@routes.post("/raise/{code}")
async def raise_error(code: str, db: DatabaseDep) -> None:
    async with db.unit() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(RAISE.format(code))


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


async def first(engine: AsyncEngine, *statements: str) -> list[Any]:
    """The first value of each statement, on one connection."""
    async with engine.connect() as connection:
        return [(await connection.exec_driver_sql(each)).scalar() for each in statements]


async def show(engine: AsyncEngine, *names: str) -> list[Any]:
    found = await first(engine, *(f"SHOW {name}" for name in names))
    await engine.dispose()
    return found


@pytest.mark.parametrize(
    ("status", "code"), [(status, code) for status, codes in STATUSES.items() for code in codes]
)
async def test_response_to_error(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    monkeypatch.setattr("app.http.retry.ATTEMPTS", 1)
    assert (await client.post(f"/test-engine/raise/{code}")).status_code == status


async def test_session_settings(settings: Settings) -> None:
    timeouts = {"database_statement_timeout": 1.5, "database_idle_timeout": 2.5}
    changed = settings.model_copy(update={**timeouts, "database_isolation_level": "SERIALIZABLE"})
    names = *TIMEOUTS, "default_transaction_read_only", "transaction_isolation"
    assert await show(create_writer(changed), *names) == ["1500ms", "2500ms", "off", "serializable"]
    assert await show(create_reader(changed), *names[:3]) == ["1500ms", "2500ms", "on"]
    assert await show(create_migrator(changed), *names[:3]) == ["0", "0", "off"]
    for create in (create_writer, create_reader):
        assert await show(create(settings), "random_page_cost") == ["1.1"]


async def test_reader_starts_no_transaction(db: Database) -> None:
    async with db.reader.connect() as connection:
        times = [(await connection.exec_driver_sql("SELECT now()")).scalar() for _ in range(2)]
    assert times[0] != times[1]


async def test_behind_a_pooler(settings: Settings) -> None:
    pooled = settings.model_copy(update={"database_pooler": "transaction"})
    names = *TIMEOUTS, "transaction_read_only", "default_transaction_read_only"
    assert await show(create_writer(pooled), *names) == ["0", "0", "off", "off"]
    assert await show(create_reader(pooled), *names) == ["0", "0", "on", "off"]


async def test_several_hosts(settings: Settings) -> None:
    url = settings.database_url
    address = url.set(host=None, port=None).update_query_dict(
        {"host": f"127.0.0.1:1,{url.host}:{url.port}", "target_session_attrs": "primary"}
    )
    several = settings_for(parse_url(address))
    assert await show(create_writer(several), "port") == [str(url.port)]
    migrating = settings.model_copy(update={"migrations_database_url": parse_url(address)})
    assert "127.0.0.1," in str(create_migrator(migrating).url.query["host"])


def test_only_reads_may_use_a_standby() -> None:
    standby = parse_url("postgresql://a,b/app?target_session_attrs=standby")
    settings = settings_for(parse_url("postgresql://a/app"), database_read_url=standby)
    assert settings.database_read_url == standby
    with pytest.raises(ValidationError, match="target_session_attrs=standby would refuse to write"):
        settings_for(standby)


async def test_writer_leaves_a_server_that_has_become_a_standby(settings: Settings) -> None:
    for create, leaves in ((create_writer, True), (create_reader, False)):
        engine = create(settings)
        with pytest.raises(DBAPIError) as error:
            await first(engine, RAISE.format("25006"))
        assert error.value.connection_invalidated == leaves
        await engine.dispose()
