"""SQLite changes a table by copying it. Its indexes, triggers and views stay."""

from collections.abc import AsyncGenerator, Callable

import pytest
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations
from alembic.util import CommandError
from sqlalchemy import Column, Connection, String, column, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.db.engine import create_migrator
from app.settings import Settings
from migrations.table_copies import HANDLED

pytestmark = pytest.mark.filterwarnings(f"ignore:{HANDLED}")

PARENTS = """\
CREATE TABLE test_parents
(id INTEGER PRIMARY KEY, name TEXT, size INTEGER, color TEXT, code TEXT UNIQUE)"""
OTHERS = {
    "test_children": "CREATE TABLE test_children (parent TEXT REFERENCES test_parents (code))",
    "ix_lower": "CREATE UNIQUE INDEX ix_lower ON test_parents (lower(name)) WHERE id > 0",
    "ix_down": "CREATE INDEX ix_down ON test_parents (size DESC)",
    "painter": """\
CREATE TRIGGER painter AFTER INSERT ON test_parents BEGIN
    UPDATE test_parents SET color = 'a:b %' WHERE id = new.id AND new.color IS NULL;
END""",
    "short": "CREATE VIEW short AS SELECT code FROM test_parents",
}
Change = Callable[[BatchOperations], None]


@pytest.fixture
async def migrator(settings: Settings) -> AsyncGenerator[AsyncConnection]:
    """A connection that rolls back."""
    engine = create_migrator(settings)
    async with engine.connect() as connection:
        for sql in (PARENTS, *OTHERS.values()):
            await connection.exec_driver_sql(sql)
        yield connection
    await engine.dispose()


def alter(connection: Connection, change: Change) -> dict[str, str]:
    """Change the table. Return the statements that create what depends on it."""
    with Operations(MigrationContext.configure(connection)).batch_alter_table("test_parents") as it:
        change(it)
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")
    return {row.name: row.sql for row in found if row.name in OTHERS}


def resize(table: BatchOperations) -> None:
    table.alter_column("size", type_=String(9))


async def test_everything_stays(migrator: AsyncConnection) -> None:
    assert await migrator.run_sync(alter, resize) == OTHERS


@pytest.mark.parametrize("column", ["name", "size", "color", "code"])
async def test_columns_are_renamed_everywhere(column: str, migrator: AsyncConnection) -> None:
    def rename(table: BatchOperations) -> None:
        table.alter_column(column, new_column_name="other")

    renamed = {name: sql.replace(column, "other") for name, sql in OTHERS.items()}
    found = await migrator.run_sync(alter, rename)
    assert {name: sql.replace('"', "") for name, sql in found.items()} == renamed


async def test_columns_swap_their_names(migrator: AsyncConnection) -> None:
    def swap(table: BatchOperations) -> None:
        table.alter_column("name", new_column_name="color")
        table.alter_column("color", new_column_name="size")
        table.alter_column("size", new_column_name="name")

    await migrator.exec_driver_sql("INSERT INTO test_parents VALUES (1, 'a', 2, 'red', 'c')")
    found = await migrator.run_sync(alter, swap)
    assert "lower(color)" in found["ix_lower"].replace('"', "")
    row = (await migrator.exec_driver_sql("SELECT name, size, color FROM test_parents")).one()
    assert tuple(row) == (2, "red", "a")


async def test_new_column_with_the_name_of_a_renamed_one_is_refused(
    migrator: AsyncConnection,
) -> None:
    def change(table: BatchOperations) -> None:
        table.alter_column("code", new_column_name="old")
        table.add_column(Column("code", String(9)))

    with pytest.raises(CommandError, match=r"renames test_parents\.code and adds a column"):
        await migrator.run_sync(alter, change)


@pytest.mark.parametrize(
    ("column", "user"),
    {"name": "ix_lower", "size": "ix_down", "color": "painter", "code": "short"}.items(),
)
async def test_used_column_is_not_dropped(
    column: str, user: str, migrator: AsyncConnection
) -> None:
    with pytest.raises(DBAPIError, match=user):
        await migrator.run_sync(alter, lambda table: table.drop_column(column))


async def test_index_changes(migrator: AsyncConnection) -> None:
    def change(table: BatchOperations) -> None:
        resize(table)
        table.drop_index("ix_down")
        table.create_index("ix_down", ["color"])

    new = {"ix_down": "CREATE INDEX ix_down ON test_parents (color)"}
    assert await migrator.run_sync(alter, change) == OTHERS | new


async def test_new_index_with_expression(migrator: AsyncConnection) -> None:
    def change(table: BatchOperations) -> None:
        resize(table)
        table.alter_column("code", new_column_name="label")
        table.create_index("new", [text("label DESC"), "id"], unique=True)

    await migrator.run_sync(alter, change)
    found = await migrator.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'new'"))
    assert found == "CREATE UNIQUE INDEX new ON test_parents (label DESC, id)"


@pytest.mark.parametrize(
    "create",
    [
        lambda table: table.create_unique_constraint("new", ["label"]),
        lambda table: table.create_foreign_key("new", "test_children", ["label"], ["parent"]),
        lambda table: table.create_check_constraint("new", column("label") != ""),
        lambda table: table.create_index("new", ["label"]),
    ],
    ids=["unique", "foreign key", "check", "index"],
)
async def test_new_name_of_column_is_refused_in_same_batch(
    create: Change, migrator: AsyncConnection
) -> None:
    def change(table: BatchOperations) -> None:
        table.alter_column("code", new_column_name="label")
        create(table)

    with pytest.raises(CommandError, match="new needs a column that this batch renames"):
        await migrator.run_sync(alter, change)
