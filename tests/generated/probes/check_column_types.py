"""Makes a table of each column type, and revisions for them. Writes the results as JSON.

Run in a generated project, with app/probes/models.py: `python check_column_types.py results.json`
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from app.db.engine import create_migrator
from app.probes.models import TYPES
from app.settings import read_settings
from sqlalchemy import Column, Connection, Integer, MetaData, Table
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

UNREADABLE = "Unreadable(Color)"


def table_name(name: str) -> str:
    words = re.sub(r"\W+", "_", name).strip("_").lower()
    return f"type_{list(TYPES).index(name)}_{words}"


def define(names: list[str], column: str = "value") -> None:
    """Replace the tables of all types."""
    for table in [it for it in SQLModel.metadata.tables.values() if it.name.startswith("type_")]:
        SQLModel.metadata.remove(table)
    SQLModel.metadata._objects.clear()
    for name in names:
        key = Column("id", Integer, primary_key=True)
        Table(table_name(name), SQLModel.metadata, key, Column(column, TYPES[name]()))


def config() -> Config:
    return Config(toml_file="pyproject.toml")


async def find_refusals() -> dict[str, str]:
    """Create a table of each type. Returns what the database says about those that it refuses.

    For the types that already SQLAlchemy refuses, it returns an empty string.
    """
    engine = create_migrator(read_settings())
    found: dict[str, str] = {}
    for name, create in TYPES.items():
        try:
            async with engine.begin() as connection:
                await connection.run_sync(try_type, create)
        except DBAPIError as error:
            found[name] = str(error.orig).splitlines()[0]
        except Exception:  # noqa: BLE001  drivers fail in many ways
            found[name] = ""
    await engine.dispose()
    return found


def try_type(connection: Connection, create: Callable[[], Any]) -> None:
    metadata = MetaData()
    Table("tried", metadata, Column("value", create()))
    metadata.create_all(connection)
    metadata.drop_all(connection)


def refuse(name: str) -> str:
    """The reason that `just revision` gives for a type that it refuses."""
    define([name])
    try:
        command.revision(config(), "refused", autogenerate=True)
    except CommandError as error:
        return str(error).rpartition("is refused: ")[2].partition("\nUse another")[0]
    raise AssertionError(f"{name} is not refused")


def main() -> None:
    command.upgrade(config(), "head")
    refusals = asyncio.run(find_refusals())
    refusals[UNREADABLE] = ""
    refusals = {name: why or refuse(name) for name, why in refusals.items()}
    results = {name: f"refused: {' '.join(why.split())}" for name, why in refusals.items()}
    accepted = [name for name in TYPES if name not in results]
    for column in ("value", "added"):
        define(accepted, column)
        command.revision(config(), "types", autogenerate=True)
        command.upgrade(config(), "head")
        command.check(config())
    command.downgrade(config(), "-2")
    command.upgrade(config(), "head")
    command.check(config())
    define([])
    command.revision(config(), "no types", autogenerate=True)
    command.upgrade(config(), "head")
    command.downgrade(config(), "-3")
    command.upgrade(config(), "head")
    for arguments in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, "migrations"], check=True)
    Path(sys.argv[1]).write_text(json.dumps({n: results.get(n, "passed") for n in TYPES}))


main()
