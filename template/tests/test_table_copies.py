"""SQLite changes a table by copying it. Its indexes, triggers and views stay."""

from collections.abc import AsyncGenerator, Callable

import pytest
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations
from alembic.util import CommandError
from sqlalchemy import Connection, String, column, text
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


def alter(connection: Connection, change: Change, name: str = "test_parents") -> dict[str, str]:
    """Change the table. Return the statements that create what depends on it."""
    with Operations(MigrationContext.configure(connection)).batch_alter_table(name) as table:
        change(table)
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


DEFINITIONS = {
    "word VARCHAR(9) COLLATE NOCASE": 'word VARCHAR(9) COLLATE "NOCASE"',
    "word TEXT, CHECK (word <> '')": "CHECK (word <> '')",
    "n INTEGER CONSTRAINT small CHECK (n < 9)": "CONSTRAINT small CHECK (n < 9)",
    "twice INTEGER GENERATED ALWAYS AS (2 * size)": "twice INTEGER GENERATED ALWAYS AS (2 * size) VIRTUAL",
    "parent INTEGER REFERENCES test_parents (id) ON DELETE CASCADE": "ON DELETE CASCADE",
}


@pytest.mark.parametrize("definition", DEFINITIONS)
async def test_definition_stays(definition: str, migrator: AsyncConnection) -> None:
    create = f"CREATE TABLE test_copied (id INTEGER PRIMARY KEY, size INTEGER, {definition})"
    await migrator.exec_driver_sql(create)
    await migrator.run_sync(alter, resize, "test_copied")
    found = await migrator.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'test_copied'"))
    assert "size VARCHAR(9)" in str(found)
    assert DEFINITIONS[definition] in str(found)


@pytest.mark.parametrize(
    ("definition", "lost"),
    [
        ("UNIQUE ON CONFLICT IGNORE", "ON CONFLICT"),
        ("REFERENCES test_parents (id) MATCH FULL", "MATCH FULL"),
    ],
)
async def test_definition_that_cannot_be_kept_is_refused(
    definition: str, lost: str, migrator: AsyncConnection
) -> None:
    await migrator.exec_driver_sql(f"CREATE TABLE test_copied (size INTEGER, n {definition})")
    with pytest.raises(CommandError, match=f"The table test_copied would lose {lost}"):
        await migrator.run_sync(alter, resize, "test_copied")


async def test_new_type_has_no_former_collation(migrator: AsyncConnection) -> None:
    await migrator.exec_driver_sql("CREATE TABLE test_copied (size VARCHAR(5) COLLATE NOCASE)")
    await migrator.run_sync(alter, resize, "test_copied")
    found = await migrator.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'test_copied'"))
    assert "COLLATE" not in str(found)


async def test_ids_are_not_used_again(migrator: AsyncConnection) -> None:
    create = "CREATE TABLE test_copied (id INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER)"
    for sql in (create, "INSERT INTO test_copied VALUES (7, 1)", "DELETE FROM test_copied"):
        await migrator.exec_driver_sql(sql)
    await migrator.run_sync(alter, resize, "test_copied")
    await migrator.exec_driver_sql("INSERT INTO test_copied (size) VALUES ('1')")
    assert await migrator.scalar(text("SELECT id FROM test_copied")) == 8


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
