"""A failed revision is rolled back if the database can do that, and its error has a note."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from app.db.engine import create_migrator
from app.db.schema_version import database_revisions
from migrations.database import AFTER_FAILURE

REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = {name!r}, {after!r}

def upgrade():
    op.create_table({name!r}, sa.Column("id", sa.Integer, primary_key=True))
    {end}
"""
TABLES = {  # that exist after the failure
    "sqlite": set(),  # all revisions are in one transaction
    "postgresql": {"first"},
    "mysql": {"first", "second"},
}


def write(folder: Path, name: str, after: str | None, end: str) -> None:
    (folder / f"{name}.py").write_text(REVISION.format(name=name, after=after, end=end))


async def test_failed_revision(config: Config, tmp_path: Path) -> None:
    write(tmp_path, "first", None, "")
    write(tmp_path, "second", "first", "raise RuntimeError('no second table')")
    with pytest.raises(RuntimeError, match="no second table") as error:
        await asyncio.to_thread(command.upgrade, config, "head")
    engine = create_migrator(config.attributes["settings"])
    async with engine.connect() as connection:
        revisions = await connection.run_sync(database_revisions)
        tables = set(await connection.run_sync(lambda it: inspect(it).get_table_names()))
    await engine.dispose()
    assert tables - {"alembic_version"} == TABLES[engine.dialect.name]
    assert revisions == tables & {"first"}
    position = "first" if revisions else "no revision"
    assert error.value.__notes__ == [f"The database is at {position}{AFTER_FAILURE}"]
