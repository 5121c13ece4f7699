"""How the engines connect to MySQL or MariaDB."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import create_reader, create_writer
from app.settings import Settings


async def select(engine: AsyncEngine, *values: str) -> list[Any]:
    async with engine.connect() as connection:
        row = (await connection.exec_driver_sql(f"SELECT {', '.join(values)}")).one()
    await engine.dispose()
    return list(row)


async def test_session_settings(settings: Settings) -> None:
    changed = settings.model_copy(
        update={"database_lock_timeout": 7, "database_isolation_level": "SERIALIZABLE"}
    )
    names = "@@innodb_lock_wait_timeout", "@@autocommit", "@@character_set_client"
    assert await select(create_writer(changed), *names) == [7, 0, "utf8mb4"]
    assert await select(create_reader(changed), "@@autocommit") == [1]
