"""The migrations: one line of them, up and down, and they make the tables of the models."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL

from app.db.schema import revisions
from tests.conftest import alembic_config, settings_for
from tests.database import fresh_database


@pytest.fixture
def config(server: URL) -> Iterator[Config]:
    with fresh_database(server) as url:
        yield alembic_config(settings_for(url))


def test_there_is_one_head(config: Config) -> None:
    assert len(ScriptDirectory.from_config(config).get_heads()) <= 1


def test_the_service_reads_the_revisions_as_alembic_does(config: Config) -> None:
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    assert revisions() == (set(scripts.get_heads()), known)


def test_revisions_that_part_meet_and_need_each_other(tmp_path: Path) -> None:
    for name, line in {
        "base": "revision: str = 'base'; down_revision: str | None = None",
        "left": "revision = 'left'; down_revision = 'base'",
        "right": "revision = 'right'; down_revision = 'base'; labels = set(); depends_on = None",
        "merge": "revision = 'merge'; down_revision = ('left', 'right')",
        "needed": "revision = 'needed'; down_revision = None",
        "needs": "revision = 'needs'; down_revision = 'merge'; depends_on = ['needed']",
        "__init__": "",
    }.items():
        (tmp_path / f"{name}.py").write_text(line)
    # "needed" goes from the database's list, as what was followed does.
    assert revisions(tmp_path) == ({"needs"}, {"base", "left", "right", "merge", "needed", "needs"})


def test_the_models_need_no_further_migration(config: Config) -> None:
    command.upgrade(config, "head")
    command.check(config)


def test_down_and_up_again(config: Config) -> None:
    command.upgrade(config, "head")
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    command.check(config)


def test_the_sql_can_be_printed(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    # Of the first revision: SQLite's way to alter a table has to look at it.
    (first,) = ScriptDirectory.from_config(config).get_bases()
    command.upgrade(config, first, sql=True)
    assert "CREATE TABLE" in capsys.readouterr().out
