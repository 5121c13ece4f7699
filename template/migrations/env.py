"""Runs migrations. Alembic's settings are in `[tool.alembic]` of pyproject.toml."""

import asyncio
import logging
from contextlib import suppress
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from app.db import UnnamedCheckError
from app.db.engine import create_migrator
from app.db.settings import DatabaseSettings
from app.domains import load_models
from app.settings import read_settings
from migrations import database
from migrations.autogenerate import include_own_tables
from migrations.compare import compare_type

try:
    load_models()
except UnnamedCheckError as error:
    raise CommandError(str(error)) from error


def include_object(item: Any, *_: object) -> bool:
    """Alembic hook. Only some databases need the CHECK of a type, such as that of Boolean."""
    rule = getattr(item, "_create_rule", None)
    return rule is None or rule(context.get_context().impl)


def configure(**options: Any) -> None:
    context.configure(
        target_metadata=SQLModel.metadata,
        include_name=include_own_tables(SQLModel.metadata, context.script),
        include_object=include_object,
        # With the plugin, Alembic compares CHECK constraints by their names: see value_enum().
        autogenerate_plugins=[
            "alembic.autogenerate.*",
            "alembic.ext.checkconstraint_byname",
            "migrations.*",  # the plugins in this folder
        ],
        compare_type=compare_type,
        compare_server_default=True,
        **database.OPTIONS,
        **options,
    )


def migrate(connection: Connection) -> None:
    with database.migration_lock(connection, context.get_x_argument(as_dictionary=True)):
        run_on(connection)


def run_on(connection: Connection) -> None:
    database.prepare(connection, context.get_x_argument(as_dictionary=True))
    configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


def run_shared(shared: Connection | Engine) -> None:
    """Use the connection of a program that runs Alembic, such as a test: without the lock.

    If that program has begun a transaction, the program also ends it.
    """
    if isinstance(shared, Engine):
        with shared.connect() as connection:
            return run_shared(connection)
    run_on(shared)


def position(connection: Connection) -> str:
    """Describe the state of the database after a failed migration."""
    heads = MigrationContext.configure(connection).get_current_heads()
    return f"The database is at {' and '.join(heads) or 'no revision'}{database.AFTER_FAILURE}"


async def run_online(settings: DatabaseSettings) -> None:
    engine = create_migrator(settings)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(migrate)
    except CommandError:  # no revision has failed
        raise
    except Exception as error:
        with suppress(DBAPIError):  # the database does not answer
            async with engine.connect() as connection:
                error.add_note(await connection.run_sync(position))
        raise


def run_offline(settings: DatabaseSettings) -> None:
    configure(url=settings.database_url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


if context.config.cmd_opts is not None:  # on the command line, not in a test
    logging.basicConfig(level=logging.INFO, format="%(message)s")

shared = context.config.attributes.get("connection")
settings = context.config.attributes.get("settings")
if context.is_offline_mode():
    run_offline(settings or read_settings())
elif shared is not None:
    run_shared(shared)
else:
    asyncio.run(run_online(settings or read_settings()))
