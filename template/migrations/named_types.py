"""PostgreSQL's enums and domains: creates, extends and drops them around the other operations.

Alembic leaves this to you: its revision would neither create the type of a column that is added to
a table, nor notice a new value, nor drop a type.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from alembic.operations import ops
from alembic.util import CommandError
from sqlalchemy import ARRAY, Connection, Dialect, MetaData, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from migrations.postgresql import DIALECT, convert, execute, quote, quote_name

NamedType = postgresql.ENUM | postgresql.DOMAIN
Key = tuple[str | None, str]  # schema and name

COLUMNS = text("""\
SELECT c.oid::regclass::text AS table_name, quote_ident(a.attname) AS name,
    format_type(a.atttypid, a.atttypmod) AS kind, pg_get_expr(d.adbin, d.adrelid) AS default_value
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid AND to_regtype(:kind) IN (t.oid, t.typelem)
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
ORDER BY c.oid, a.attnum""")
TWO_ENUMS = """\
Two enums have the name {name}, and PostgreSQL would make them one type: {values} and {others}.
Name one of them: sa_type=Enum(…, name="another_name")."""


def review_named_types(
    connection: Connection, script: ops.MigrationScript, models: MetaData
) -> None:
    """Add what Alembic leaves out, before all other operations and after them."""
    upgrade, downgrade = script.upgrade_ops, script.downgrade_ops
    assert upgrade is not None and downgrade is not None
    columns = [column.type for table in models.tables.values() for column in table.columns]
    wanted = named_types(columns, connection.dialect)
    dropped = named_types(dropped_column_types(upgrade), connection.dialect)
    existing = existing_types(connection)
    before: list[str] = []
    undo: list[str] = []
    for key, kind in wanted.items():
        if kind.create_type and key not in existing:
            before.append(create(kind))
            undo.insert(0, drop(kind))
        elif isinstance(kind, postgresql.ENUM) and existing.get(key, kind.enums) != kind.enums:
            before += change(connection, kind, existing[key], kind.enums)
            undo = change(connection, kind, kind.enums, existing[key]) + undo
    unused = [kind for key, kind in dropped.items() if key not in wanted]
    upgrade.ops = [*execute(before), *upgrade.ops, *execute(map(drop, unused))]
    downgrade.ops = [*execute(map(create, unused)), *downgrade.ops, *execute(undo)]


def named_types(columns: Iterable[TypeEngine[Any]], dialect: Dialect) -> dict[Key, NamedType]:
    """The enums and domains of these columns, also those inside of arrays and decorators."""
    found: dict[Key, NamedType] = {}
    for column in columns if dialect.name == "postgresql" else ():
        kind = column.dialect_impl(dialect)
        while isinstance(kind, TypeDecorator | ARRAY):
            inner = kind.impl_instance if isinstance(kind, TypeDecorator) else kind.item_type
            kind = inner.dialect_impl(dialect)
        if isinstance(kind, NamedType):
            same = found.setdefault(key_of(kind.schema, str(kind.name), dialect), kind)
            values, others = getattr(kind, "enums", []), getattr(same, "enums", [])
            if values != others:
                raise CommandError(TWO_ENUMS.format(name=kind.name, values=values, others=others))
    return found


def key_of(schema: str | None, name: str, dialect: Dialect) -> Key:
    return (None if schema == dialect.default_schema_name else schema), name


def dropped_column_types(operations: ops.OpContainer) -> Iterator[TypeEngine[Any]]:
    for operation in operations.ops:
        if isinstance(operation, ops.OpContainer):
            yield from dropped_column_types(operation)
        elif isinstance(operation, ops.DropTableOp):
            yield from (column.type for column in operation.to_table().columns)
        elif isinstance(operation, ops.DropColumnOp):
            yield operation.to_column().type
        elif isinstance(operation, ops.AlterColumnOp) and operation.modify_type is not None:
            yield operation.existing_type or NullType()


def existing_types(connection: Connection) -> dict[Key, list[str]]:
    """The types in the database, with the values of enums."""
    inspector: Any = inspect(connection)
    found = [*inspector.get_domains("*"), *inspector.get_enums("*")]
    return {
        key_of(it["schema"], it["name"], connection.dialect): it.get("labels", []) for it in found
    }


def create(kind: NamedType) -> str:
    if isinstance(kind, postgresql.ENUM):
        return f"CREATE TYPE {name_of(kind)} AS ENUM ({', '.join(map(quote, kind.enums))})"
    return str(postgresql.CreateDomainType(kind).compile(dialect=DIALECT))


def drop(kind: NamedType) -> str:
    word = "TYPE" if isinstance(kind, postgresql.ENUM) else "DOMAIN"
    return f"DROP {word} {name_of(kind)}"


def change(connection: Connection, kind: NamedType, old: list[str], new: list[str]) -> list[str]:
    """Add the new values, or replace the type if values are removed or have another order."""
    name = name_of(kind)
    if [value for value in new if value in old] == old:
        return [
            f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {quote(value)} "
            + (f"AFTER {quote(new[n - 1])}" if n else f"BEFORE {quote(old[0])}")
            for n, value in enumerate(new)
            if value not in old
        ]
    values = ", ".join(map(quote, new))
    used = connection.execute(COLUMNS, {"kind": name}).all()
    former = quote_name(f"{kind.name}_old")
    return [
        f"ALTER TYPE {name} RENAME TO {former}",
        f"CREATE TYPE {name} AS ENUM ({values})",
        *(
            convert(column.table_name, column.name, column.kind, column.default_value, "text")
            for column in used
        ),
        f"DROP TYPE {former}",
    ]


def name_of(kind: NamedType) -> str:
    return quote_name(str(kind.name), kind.schema)
