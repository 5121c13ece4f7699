"""Which tables belong to this service: other programs may have tables in the same database."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData

TableName = tuple[str | None, str]  # with its schema


def include_own_tables(
    models: MetaData, scripts: ScriptDirectory, connection: Connection
) -> Callable[[str | None, str, Any], bool]:
    """Alembic hook. It knows the tables of the models, and those that a revision creates.

    So a revision drops the table of a model that was removed, but no table of another program.
    """

    @cache
    def own_tables() -> set[TableName]:
        default = connection.dialect.default_schema_name
        names = [(table.schema, table.name) for table in models.tables.values()]
        for revision in scripts.walk_revisions():
            names += created_tables(Path(revision.path).read_text(encoding="utf-8"))
        return {(None if schema == default else schema, name) for schema, name in names}

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        if kind == "schema":
            return name is None or name in {schema for schema, _ in own_tables()}
        return kind != "table" or (parents["schema_name"], name) in own_tables()

    return include_name


def created_tables(revision: str) -> Iterator[TableName]:
    """Find `op.create_table("name", schema="…")` and `op.rename_table("old", "name")`."""
    for call in ast.walk(ast.parse(revision)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            place = {"create_table": 0, "rename_table": 1}.get(call.func.attr)
            words = [word.value for word in call.args if isinstance(word, ast.Constant)]
            options = {it.arg: it.value for it in call.keywords}
            schema = getattr(options.get("schema"), "value", None)
            if place is not None and words[place:]:
                yield schema, str(words[place])
