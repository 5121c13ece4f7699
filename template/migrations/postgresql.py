"""SQL of PostgreSQL that Alembic does not write."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from alembic.operations import ops
from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

EXTENSIONS = {"CITEXT": "citext", "HSTORE": "hstore", "LTREE": "ltree", "LQUERY": "ltree"}
EXTENSIONS |= {"VECTOR": "vector", "HALFVEC": "vector", "GEOMETRY": "postgis"}
DIALECT: Any = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def extension_of(column: TypeEngine[Any], dialect: Dialect) -> str | None:
    """The extension of PostgreSQL that has the type of a column."""
    if dialect.name != "postgresql":
        return None
    word = re.match(r"\w*", column.compile(dialect=dialect).upper())
    return EXTENSIONS.get(word[0]) if word else None


def convert(table: str, column: str, kind: str, default: str | None, by_way_of: str = "") -> str:
    """Change the type of a column. Its default has the former type, so set it anew."""
    array = "[]" if kind.endswith("[]") else ""
    value = f"{column}::{by_way_of}{array}" if by_way_of else column
    steps = [f"TYPE {kind} USING {value}::{kind}"]
    if default is not None:
        former = re.sub(r"::[^:']+$", "", default)
        steps = ["DROP DEFAULT", *steps, f"SET DEFAULT {former}::{kind}"]
    return f"ALTER TABLE {table} " + ", ".join(f"ALTER COLUMN {column} {step}" for step in steps)


def quote_name(name: str, schema: str | None = None) -> str:
    prefix = f"{quote_name(schema)}." if schema else ""
    return prefix + str(DIALECT.identifier_preparer.quote(name))


def quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def execute(statements: Iterable[str]) -> Iterator[ops.ExecuteSQLOp]:
    """In op.execute(), a colon before a word would be a parameter."""
    for statement in statements:
        yield ops.ExecuteSQLOp(re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", statement))
