"""How Alembic reaches the database; `[tool.alembic]` in pyproject.toml holds its settings."""

import asyncio
import logging
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString, SQLModel

from app.db.engine import create_migrator
from app.db.revisions import review
from app.settings import Settings, read_settings

for models in Path(__file__).parents[1].glob("app/*/models.py"):  # every table
    import_module(f"app.{models.parent.name}.models")

# Two at once would both create the same tables.
LOCKS = {
    "postgresql": text("SELECT pg_advisory_lock(hashtext('alembic:' || current_database()))"),
    "mysql": text("SELECT GET_LOCK(CONCAT('alembic:', DATABASE()), 60)"),
    "mariadb": text("SELECT GET_LOCK(CONCAT('alembic:', DATABASE()), 60)"),
}


def render_type(kind: str, value: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write the service's own types by import, and SQLModel's as SQLAlchemy's."""
    if kind != "type" or not isinstance(value, TypeEngine):
        return False
    length = getattr(value, "length", None)
    if isinstance(value, AutoString):
        return f"sa.String(length={length})"
    module, name = type(value).__module__, type(value).__name__
    if not module.startswith("app."):
        return False
    autogenerate.imports.add(f"from {module} import {name}")
    return f"{name}({length or ''})"


def configure(**options: Any) -> None:
    context.configure(
        target_metadata=SQLModel.metadata,
        render_item=render_type,
        process_revision_directives=review,
        compare_type=True,
        compare_server_default=True,
        **options,
    )


def migrate(connection: Connection) -> None:
    if (lock := LOCKS.get(connection.dialect.name)) is not None:
        connection.execute(lock)
        connection.commit()  # the lock belongs to the connection, not to the transaction
    if connection.dialect.name == "sqlite":  # all in one transaction, which is its lock
        options = {"render_as_batch": True, "transactional_ddl": True}
    else:
        options = {"transaction_per_migration": True}
    configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()


def position(connection: Connection) -> str:
    migration = MigrationContext.configure(connection)
    heads = " and ".join(migration.get_current_heads()) or "no revision"
    if migration.impl.transactional_ddl or connection.dialect.name == "sqlite":
        return f"The database is at {heads}: what failed was rolled back."
    return (
        f"The database is at {heads}, and what the next revision did before it failed is there, "
        f"since {connection.dialect.name} cannot roll it back: undo that by hand."
    )


async def online(settings: Settings) -> None:
    engine = create_migrator(settings)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    except Exception as error:
        with suppress(DBAPIError):  # the database is away
            async with engine.connect() as connection:
                error.add_note(await connection.run_sync(position))
        raise
    finally:
        await engine.dispose()


def offline(settings: Settings) -> None:
    configure(url=settings.database_url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


if context.config.cmd_opts is not None:  # on the command line, and not in a test
    logging.basicConfig(level=logging.INFO, format="%(message)s")

settings = context.config.attributes.get("settings") or read_settings(Settings)
if context.is_offline_mode():
    offline(settings)
else:
    asyncio.run(online(settings))
