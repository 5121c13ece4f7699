"""The migrations have one head, go up and down, and create the tables of the models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, CheckConstraint, Column, Connection, Integer, Table
from sqlmodel import SQLModel

from app.db.engine import create_migrator
from app.db.schema_version import database_revisions, known_revisions
from app.settings import Settings
from tests.conftest import alembic_config, settings_for
from tests.database import fresh_database

# Tables may reference each other in a cycle.
pytestmark = pytest.mark.filterwarnings("ignore:Cannot correctly sort tables")

DATA_MIGRATION = """
from alembic import op
from sqlalchemy import literal, select

revision, down_revision = "data", None

def upgrade():
    op.execute(select(literal("it's a value")))
"""


@pytest.fixture
def config(settings: Settings) -> Config:
    """For the database of the other tests, which is at the newest revision."""
    return alembic_config(settings)


@pytest.fixture
def empty(server: URL) -> Iterator[Config]:
    """For an empty database."""
    with fresh_database(server) as url:
        yield alembic_config(settings_for(url))


def test_one_head(config: Config) -> None:
    assert len(ScriptDirectory.from_config(config).get_heads()) <= 1


def test_known_revisions_match_alembic(config: Config) -> None:
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    assert known_revisions() == (set(scripts.get_heads()), known)


def test_known_revisions_with_branches_and_merges(tmp_path: Path) -> None:
    for name, text in {
        "base": "revision: str = 'base'\ndown_revision: str | None = None",
        "left": "revision = 'left'  # a branch\ndown_revision = 'base'",
        "right": "revision = 'right'\ndown_revision = 'base'\nlabels = set()\ndepends_on = None",
        "merge": "revision = 'merge'\ndown_revision = (\n    'left',\n    'right',\n)",
        "needed": "revision = 'needed'\ndown_revision = None\nbranch_labels = ('plugin',)",
        "needs": "revision = 'needs'\ndown_revision = 'merge'\ndepends_on = ['plugin']",
        "__init__": "",
    }.items():
        (tmp_path / f"{name}.py").write_text(text)
    # Like a revision that another one follows, "needed" is not a head: Alembic does not store it.
    every = {"base", "left", "right", "merge", "needed", "needs"}
    assert known_revisions(tmp_path) == ({"needs"}, every)


def test_migrations_match_the_models(config: Config) -> None:
    command.check(config)


def test_unnamed_check_is_refused(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    def load_models() -> None:
        Table("test_unnamed", SQLModel.metadata, Column("a", Integer, CheckConstraint("a > 0")))

    monkeypatch.setattr("app.domains.load_models", load_models)
    with pytest.raises(CommandError, match=r"CHECK constraint of test_unnamed has no name"):
        command.check(config)


def test_downgrade_and_upgrade(empty: Config) -> None:
    command.upgrade(empty, "head")
    command.downgrade(empty, "base")
    command.upgrade(empty, "head")
    command.check(empty)


async def test_shared_connection(empty: Config) -> None:
    """A program can run Alembic on its own connection, and in its own transaction."""
    engine = create_migrator(empty.attributes["settings"])

    def upgrade(connection: Connection) -> None:
        empty.attributes["connection"] = connection
        command.upgrade(empty, "head")

    heads, _ = known_revisions()
    async with engine.connect() as connection:
        if engine.dialect.name in {"postgresql", "sqlite"}:  # MySQL cannot roll back
            transaction = await connection.begin()
            await connection.run_sync(upgrade)
            assert await connection.run_sync(database_revisions) == heads
            await transaction.rollback()
            assert await connection.run_sync(database_revisions) == set()
            await connection.rollback()
        await connection.run_sync(upgrade)
        assert not connection.in_transaction()
    async with engine.connect() as connection:
        assert await connection.run_sync(database_revisions) == heads
    await engine.dispose()


def test_offline_sql(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "invalid")  # not read, because the settings are given
    # Only the first revision: SQLite's batch operations must read the table.
    for first in ScriptDirectory.from_config(config).get_bases():
        command.upgrade(config, first, sql=True)
        assert "CREATE TABLE" in capsys.readouterr().out


def test_offline_sql_contains_values(
    config: Config, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "data.py").write_text(DATA_MIGRATION)
    config.set_main_option("version_locations", str(tmp_path).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    command.upgrade(config, "head", sql=True)
    assert "SELECT 'it''s a value'" in capsys.readouterr().out
