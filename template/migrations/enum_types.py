"""Operations that create and extend PostgreSQL's enum types."""

from collections.abc import Iterator

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op
from alembic.operations import ops
from sqlalchemy import Dialect

from migrations.sql_text import COLON


class AddValuesOp(ops.MigrateOperation):
    """Adds values to enums. After a COMMIT, the revision can use them, for example in an UPDATE."""

    def __init__(self, statements: list[ops.ExecuteSQLOp]) -> None:
        self.statements = statements


@renderers.dispatch_for(AddValuesOp)
def render_added_values(autogenerate: AutogenContext, operation: AddValuesOp) -> list[str]:
    lines = [line for it in operation.statements for line in render_op(autogenerate, it)]
    return ["with op.get_context().autocommit_block():", *lines, ""]


def create(name: str, values: list[str]) -> ops.ExecuteSQLOp:
    return execute(f"CREATE TYPE {name} AS ENUM ({', '.join(map(quote, values))})")


def add_values(name: str, old: list[str], new: list[str]) -> Iterator[ops.ExecuteSQLOp]:
    """Add the new values at their positions. A downgrade keeps them."""
    for n, value in enumerate(new):
        if value not in old:
            place = f"AFTER {quote(new[n - 1])}" if n else f"BEFORE {quote(old[0])}"
            yield execute(f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {quote(value)} {place}")


def quote_name(name: str, schema: str | None, dialect: Dialect) -> str:
    names = [name] if schema in (None, dialect.default_schema_name) else [str(schema), name]
    return ".".join(dialect.identifier_preparer.quote(it) for it in names)


def quote(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def execute(statement: str) -> ops.ExecuteSQLOp:
    """Escape colons: in op.execute(), a colon before a word would begin a parameter."""
    return ops.ExecuteSQLOp(COLON.sub(r"\\:", statement))
