"""Makes revisions for changes that teams make to their models. Writes what went wrong as JSON.

Run in a generated project: `python check_revisions.py results.json`
"""

import asyncio
import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from app.db.engine import create_migrator
from app.settings import read_settings
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

CHECKS: dict[str, Callable[[], None]] = {}
SETTINGS = read_settings()
DATABASE = SETTINGS.database_url.get_backend_name()
ON_POSTGRESQL = DATABASE == "postgresql"
Tables = dict[str, list[Any]]


def check(function: Callable[[], None]) -> Callable[[], None]:
    CHECKS[function.__name__.replace("_", " ")] = function
    return function


def config() -> Config:
    return Config(toml_file="pyproject.toml")


def sql(*statements: str) -> Any:
    """Run statements. Returns the first column of the last one."""

    async def run() -> Any:
        engine = create_migrator(SETTINGS)
        async with engine.begin() as connection:
            results = [await connection.execute(sa.text(it)) for it in statements]
            found = [row[0] for row in results[-1]] if results[-1].returns_rows else []
        await engine.dispose()
        return found

    return asyncio.run(run())


def names() -> set[str]:
    async def run() -> set[str]:
        engine = create_migrator(SETTINGS)
        async with engine.connect() as connection:
            found = await connection.run_sync(lambda it: sa.inspect(it).get_table_names())
        await engine.dispose()
        return set(found)

    return asyncio.run(run())


def model(name: str, *items: Any, schema: str | None = None) -> sa.Table:
    key = sa.Column("id", sa.Integer, primary_key=True)
    return sa.Table(name, SQLModel.metadata, key, *items, schema=schema, extend_existing=True)


def remove(*tables: sa.Table) -> None:
    for table in tables:
        SQLModel.metadata.remove(table)


def revise() -> Path:
    """Make a revision that goes up, down and up again, and that leaves nothing to change."""
    revision = command.revision(config(), "change", autogenerate=True)
    command.upgrade(config(), "head")
    command.check(config())
    command.downgrade(config(), "-1")
    command.upgrade(config(), "head")
    command.check(config())
    return Path(revision.path)


def expect_error(kind: type[Exception], words: str, function: Callable[[], Any]) -> None:
    try:
        function()
    except kind as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"no {kind.__name__} with {words!r}")


@check
def two_revisions_with_one_message() -> None:
    paths = [Path(command.revision(config(), "wip").path) for _ in range(2)]
    assert paths[0] != paths[1] and all(path.exists() for path in paths)
    assert "import sqlalchemy as sa\nfrom alembic import op\n" in paths[0].read_text()
    command.upgrade(config(), "head")


@check
def enums() -> None:
    table = model("lights", sa.Column("color", sa.Enum("red", "green", name="color")))
    other = model("lamps", sa.Column("color", sa.Enum("red", "green", name="color")))
    revise()
    values = ["amber", "red", "it's: 5%", "green", "z"]

    def extend(*values: str, **options: Any) -> None:
        kind = sa.Enum(*values, name="color")
        model("lights", sa.Column("color", kind, **options), sa.Column("size", sa.String(20)))
        model("lamps", sa.Column("color", kind, **options))

    extend(*values)
    revise()
    extend(*values, server_default="red")
    revise()
    sql("INSERT INTO lights (id, color) VALUES (1, 'amber'), (2, 'z'), (3, 'red')")
    if ON_POSTGRESQL:
        extend("red", "z", "green", "it's: 5%", server_default="red")
        command.check(config())  # a removed value and another order change nothing
        model("twins", sa.Column("color", sa.Enum("other", name="color")))
        expect_error(CommandError, "Name one of them", lambda: command.check(config()))
        remove(SQLModel.metadata.tables["twins"])
    model("lights", sa.Column("color", sa.String(30)), sa.Column("size", sa.String(20)))
    revise()
    extend(*values)
    revise()
    if ON_POSTGRESQL:
        kind = postgresql.ARRAY(sa.Enum("s", "m", name="fit"))
        model("lamps", sa.Column("fits", kind, server_default="{s}"))
        revise()
        kind = postgresql.ARRAY(sa.Enum("m", "s", "l", name="fit"))
        model("lamps", sa.Column("fits", kind, server_default="{s}"))
        revise()
    remove(table, other)
    revise()
    if ON_POSTGRESQL:
        assert sql("SELECT typname FROM pg_type WHERE typtype = 'e'") == []


@check
def schemas() -> None:
    authors = model("authors", schema="library")
    key = sa.ForeignKey("library.authors.id")
    books = model("books", sa.Column("author_id", sa.Integer, key, index=True), schema="library")
    public = model("loans", sa.Column("book_id", sa.Integer, sa.ForeignKey("library.books.id")))
    if not ON_POSTGRESQL:
        revision = command.revision(config(), "schemas", autogenerate=True)
        expect_error(DBAPIError, "library", lambda: command.upgrade(config(), "head"))
        Path(revision.path).unlink()
        return remove(authors, books, public)
    revise()
    sql("CREATE TABLE library.others (id int)")
    model("books", sa.Column("title", sa.String(20), index=True), schema="library")
    revise()
    remove(authors, books, public)
    revise()
    assert sql("SELECT tablename FROM pg_tables WHERE schemaname = 'library'") == ["others"]


@check
def tables_of_other_programs() -> None:
    sql("CREATE TABLE others (id int)", "CREATE TABLE more_others (id int)")
    command.check(config())
    table = model("our_own")
    revise()
    remove(table)
    path = revise()
    assert "our_own" in path.read_text() and "others" not in path.read_text()
    assert {"others", "more_others"} <= names() and "our_own" not in names()


@check
def server_defaults() -> None:
    cases: dict[str, tuple[Any, Any]] = {
        "now": (sa.DateTime(), sa.func.now()),
        "current": (sa.DateTime(), sa.text("CURRENT_TIMESTAMP")),
        "yes": (sa.Boolean(), sa.true()),
        "no": (sa.Boolean(), sa.text("false")),
        "number": (sa.Integer(), "7"),
        "number_text": (sa.Integer(), sa.text("7")),
        "negative": (sa.Integer(), sa.text("-1")),
        "decimal": (sa.Numeric(10, 2), sa.text("1.50")),
        "real": (sa.Float(), sa.text("0.5")),
        "word": (sa.String(20), "word"),
        "empty": (sa.String(20), ""),
        "quoted": (sa.String(20), "it's"),
        "percent": (sa.String(20), sa.text("'5% or 50%%'")),
        "text_word": (sa.String(20), sa.text("'word'")),
        "expression": (sa.Integer(), sa.text("(1 + 2)")),
        "function": (sa.String(20), sa.text("(lower('A'))")),
        "null": (sa.String(20), sa.text("NULL")),
        "day": (sa.Date(), "2026-01-31"),
        "kind": (sa.Enum("a", "b", name="default_kind"), "a"),
    }
    if ON_POSTGRESQL:
        cases["data"] = (postgresql.JSONB(), sa.text("'{}'::jsonb"))
        cases["list"] = (postgresql.ARRAY(sa.Text()), sa.text("'{}'"))
        cases["uuid"] = (sa.Uuid(), sa.text("gen_random_uuid()"))
        cases["span"] = (sa.Interval(), sa.text("'1 day'"))
    elif DATABASE != "sqlite":
        cases["stamp"] = (sa.TIMESTAMP(), sa.text("CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"))
        cases["data"] = (sa.JSON(), sa.text("('{}')"))
    columns = [sa.Column(name, kind, server_default=it) for name, (kind, it) in cases.items()]
    table = model("defaults", *columns)
    revise()
    cases |= {"number": (sa.Integer(), "8"), "word": (sa.String(20), "other")}
    cases |= {"yes": (sa.Boolean(), sa.false()), "now": (sa.DateTime(), None)}
    for name, (kind, default) in cases.items():
        model("defaults", sa.Column(name, kind, server_default=default))
    text = revise().read_text()
    changed = [name for name in cases if f'"{name}"' in text.partition("def downgrade")[0]]
    assert changed == ["now", "yes", "number", "word"], changed
    remove(table)
    revise()


@check
def refused_rows_before_drops() -> None:
    """After a refusal by rows, the same revision can run again."""
    old = sa.Column("owner", sa.Integer, sa.ForeignKey("owners.id", name="fk_things_owner"))
    owners = model("owners")
    both = sa.UniqueConstraint("owner", "name", name="uq_things_owner_name")
    things = model("things", old, sa.Column("name", sa.String(20), nullable=True), both)
    rest = model("rest", sa.Column("a", sa.Integer), sa.Column("b", sa.String(20)))
    revise()
    sql(
        "INSERT INTO owners (id) VALUES (1), (2)",
        "INSERT INTO things (id, owner, name) VALUES (1, 1, 'lamp'), (2, 2, 'lamp')",
        "INSERT INTO rest (id, a) VALUES (1, 1)",
    )
    remove(owners, things, rest)
    things = model("things", sa.Column("name", sa.String(20), unique=True, nullable=False))
    fresh = model("fresh", sa.Column("thing_id", sa.Integer, sa.ForeignKey("things.id")))
    rest = model("rest", sa.Column("b", sa.String(20), nullable=False))
    command.revision(config(), "unique names", autogenerate=True)
    for repair in (
        "UPDATE things SET name = 'chair' WHERE id = 2",
        "UPDATE rest SET b = 'x'",
    ):
        expect_error(DBAPIError, "", lambda: command.upgrade(config(), "head"))
        assert "owners" in names()
        sql("SELECT owner FROM things", "SELECT a FROM rest", repair)
        if DATABASE not in {"postgresql", "sqlite"} and "fresh" in names():
            raise AssertionError("a table was created before the rows were refused")
    command.upgrade(config(), "head")
    command.check(config())
    assert "owners" not in names()
    remove(things, fresh, rest)
    revise()


@check
def references_in_a_circle() -> None:
    trees = model("trees", sa.Column("parent_id", sa.Integer, sa.ForeignKey("trees.id")))
    teams = model("teams", sa.Column("captain_id", sa.Integer, sa.ForeignKey("players.id")))
    players = model("players", sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id")))
    key = sa.ForeignKey("rights.id", use_alter=True, name="fk_lefts_right_id")
    lefts = model("lefts", sa.Column("right_id", sa.Integer, key))
    rights = model("rights", sa.Column("left_id", sa.Integer, sa.ForeignKey("lefts.id")))
    revise()
    remove(trees, teams, players, lefts, rights)
    revise()


@check
def columns_with_the_same_enum() -> None:
    from enum import StrEnum

    from app.db.types import value_enum

    Status = StrEnum("Status", {"OPEN": "open", "DONE": "done"})
    first, second = (sa.Column(name, value_enum(Status)) for name in ("first", "second"))
    table = model("twice", first, second)
    revise()
    model("twice", sa.Column("third", value_enum(Status)))
    revise()
    Status = StrEnum("Status", {"OPEN": "open", "SOME": "50% done", "DONE": "done"})
    for name in ("first", "second", "third"):
        model("twice", sa.Column(name, value_enum(Status)))
    remove(table)
    columns = [sa.Column(name, value_enum(Status)) for name in ("first", "second", "third")]
    table = model("twice", *columns)
    revise()
    sql("INSERT INTO twice (id, first) VALUES (1, '50% done')")
    remove(table)
    revise()


def main() -> None:
    command.upgrade(config(), "head")
    results: dict[str, list[str]] = {}
    for name, function in CHECKS.items():
        try:
            function()
            results[name] = []
        except Exception:  # noqa: BLE001  the test shows it
            results[name] = [traceback.format_exc()[-3000:]]
            break  # they share a database
    for arguments in (["check"], ["format", "--check"]):
        subprocess.run([sys.executable, "-m", "ruff", *arguments, "migrations"], check=True)
    Path(sys.argv[1]).write_text(json.dumps(results))


main()
