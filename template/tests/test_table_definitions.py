"""The copy of a SQLite table keeps what SQLAlchemy does not read, or is refused."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import BatchOperations, Operations
from alembic.util import CommandError
from sqlalchemy import CheckConstraint, Connection, String, create_engine, text

from migrations.table_copies import HANDLED

pytestmark = pytest.mark.filterwarnings(f"ignore:{HANDLED}")

CASCADE = "n INTEGER REFERENCES test_copied (id) ON DELETE CASCADE"
KEPT = {
    "n VARCHAR(9) COLLATE NOCASE": 'n VARCHAR(9) COLLATE "NOCASE"',
    "n TEXT, CHECK (n <> ' :x')": "CHECK (n <> ' :x')",
    "n TEXT CONSTRAINT named CHECK (n <> ' :x')": "CONSTRAINT named CHECK (n <> ' :x')",
    """n JSON DEFAULT '{"on":true}'""": """n JSON DEFAULT '{"on":true}'""",
    "n TEXT DEFAULT 'ON CONFLICT'": "DEFAULT 'ON CONFLICT'",
    "n INTEGER GENERATED ALWAYS AS (2 * size)": "GENERATED ALWAYS AS (2 * size) VIRTUAL",
    '"autoincrement" INTEGER': '"autoincrement" INTEGER',
    CASCADE: "ON DELETE CASCADE",
}
LOST = {
    "n INTEGER UNIQUE ON CONFLICT IGNORE": "ON CONFLICT",
    "n INTEGER REFERENCES test_copied (id) MATCH FULL": "MATCH FULL",
    "n VARCHAR(9) NOT NULL UNIQUE": "UNIQUE",
}


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def nothing(_: BatchOperations) -> None: ...


def copy(
    connection: Connection,
    definition: str,
    change: Callable[[BatchOperations], None] = nothing,
    **options: Any,
) -> str:
    """Copy a table, with another type of `size`. Return its new definition."""
    create = f"CREATE TABLE test_copied (id INTEGER PRIMARY KEY, size VARCHAR(3), {definition})"
    connection.exec_driver_sql(create)
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("test_copied", **options) as table:
        table.alter_column("size", type_=String(5))
        change(table)
    found = str(connection.scalar(text("SELECT sql FROM sqlite_master WHERE type = 'table'")))
    assert "size VARCHAR(5)" in found and "BINARY" not in found
    return found


@pytest.mark.parametrize("definition", KEPT)
def test_definition_is_kept(connection: Connection, definition: str) -> None:
    assert KEPT[definition] in copy(connection, definition)


@pytest.mark.parametrize("definition", LOST)
def test_definition_that_would_be_lost_is_refused(connection: Connection, definition: str) -> None:
    with pytest.raises(CommandError, match=f"The table test_copied would lose {LOST[definition]}"):
        copy(connection, definition)


def test_check_is_replaced(connection: Connection) -> None:
    new = CheckConstraint("n > 1", name="new")
    found = copy(connection, "n INTEGER CHECK (n > 0)", table_args=[new])
    assert "n > 1" in found and "n > 0" not in found


def test_new_foreign_key_has_its_own_action(connection: Connection) -> None:
    def change(table: BatchOperations) -> None:
        table.drop_constraint("old", type_="foreignkey")
        table.create_foreign_key("new", "test_copied", ["n"], ["id"], ondelete="SET NULL")

    found = copy(connection, CASCADE, change, naming_convention={"fk": "old"})
    assert "ON DELETE SET NULL" in found and "CASCADE" not in found


def test_new_type_and_default_replace_the_old_ones(connection: Connection) -> None:
    def change(table: BatchOperations) -> None:
        table.alter_column("n", type_=String(9), server_default="new")

    found = copy(connection, "n VARCHAR(5) DEFAULT 'old' COLLATE NOCASE", change)
    assert "n VARCHAR(9) DEFAULT 'new'" in found and "COLLATE" not in found


def test_ids_are_not_used_again(connection: Connection) -> None:
    create = "CREATE TABLE test_copied (id INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER)"
    for sql in (create, "INSERT INTO test_copied VALUES (7, 1)", "DELETE FROM test_copied"):
        connection.exec_driver_sql(sql)
    operations = Operations(MigrationContext.configure(connection))
    with operations.batch_alter_table("test_copied") as table:
        table.alter_column("size", type_=String(5))
    connection.exec_driver_sql("INSERT INTO test_copied (size) VALUES ('1')")
    assert connection.scalar(text("SELECT id FROM test_copied")) == 8
