"""How the engines connect to MySQL or MariaDB."""

from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api import include_domain
from app.db.engine import create_migrator, create_reader, create_writer
from app.db.session import DatabaseDep
from app.db.url import parse_url
from app.settings import Settings
from tests.conftest import settings_for

RAISE = "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {}"
NO_QUORUM = RAISE.format(1047)
STATUSES = {
    409: [1062, 1451, 1452],
    400: [1048, 1264, 1265, 1292, 1364, 1366, 1406, 3819, 4025],
    503: [1020, 1021, 1040, 1047, 1053, 1203, 1205, 1213, 1290, 1317, 1412, 1615, 1836],
    500: [1064, 1146, 1792],
}
STATUSES[503] += [1927, 1969, 2006, 2013, 3024, 3032, 3572]
routes = APIRouter(prefix="/test-engine")


@routes.post("/raise/{code}")
async def raise_error(code: int, db: DatabaseDep) -> None:
    async with db.unit() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(RAISE.format(code))


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


async def select(engine: AsyncEngine, *values: str) -> list[Any]:
    try:
        async with engine.connect() as connection:
            return list((await connection.exec_driver_sql(f"SELECT {', '.join(values)}")).one())
    finally:
        await engine.dispose()


def with_hosts(settings: Settings, hosts: str) -> Settings:
    url = settings.database_url._replace(host=None, port=None)
    return settings_for(parse_url(url.update_query_dict({"host": hosts})))


@pytest.mark.parametrize(
    ("status", "code"), [(status, code) for status, codes in STATUSES.items() for code in codes]
)
async def test_response_to_error(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, status: int, code: int
) -> None:
    monkeypatch.setattr("app.http.retry.ATTEMPTS", 1)
    assert (await client.post(f"/test-engine/raise/{code}")).status_code == status


async def test_session_settings(settings: Settings) -> None:
    changed = settings.model_copy(
        update={"database_lock_timeout": 7, "database_isolation_level": "SERIALIZABLE"}
    )
    names = "@@innodb_lock_wait_timeout", "@@autocommit", "@@character_set_client"
    assert await select(create_writer(changed), *names) == [7, 0, "utf8mb4"]
    assert await select(create_reader(changed), "@@autocommit") == [1]


async def test_statement_timeout(settings: Settings) -> None:
    changed = settings.model_copy(update={"database_statement_timeout": 0.1})
    for create in (create_writer, create_reader):
        with pytest.raises(DBAPIError, match=r"1969|3024"):  # MariaDB, MySQL
            await select(create(changed), "1 FROM DUAL WHERE SLEEP(20)")
    assert await select(create_migrator(changed), "1 FROM DUAL WHERE NOT SLEEP(0.2)") == [1]


async def test_next_host_is_tried_if_one_is_unavailable(settings: Settings) -> None:
    url = settings.database_url
    several = with_hosts(settings, f"127.0.0.1:1,{url.host}:{url.port}")
    assert await select(create_writer(several), "@@port") == [url.port]


async def test_next_host_is_not_tried_if_the_user_is_refused(settings: Settings) -> None:
    url = settings.database_url
    several = with_hosts(settings, f"{url.host}:{url.port},127.0.0.1:1")
    stranger = settings_for(several.database_url.set(username="test_missing"))
    with pytest.raises(DBAPIError, match="test_missing"):
        await select(create_writer(stranger), "1")


async def test_all_hosts_are_unavailable(settings: Settings) -> None:
    with pytest.raises(DBAPIError, match="2003") as error:
        await select(create_writer(with_hosts(settings, "127.0.0.1:1,127.0.0.1:2")), "1")
    assert error.value.connection_invalidated


async def test_connection_to_a_node_without_a_quorum_is_replaced(settings: Settings) -> None:
    engine = create_writer(settings)
    ids = []
    for _ in range(2):
        async with engine.connect() as connection:
            ids.append((await connection.exec_driver_sql("SELECT CONNECTION_ID()")).scalar())
            with pytest.raises(DBAPIError, match="1047"):
                await connection.exec_driver_sql(NO_QUORUM)
    await engine.dispose()
    assert ids[0] != ids[1]
