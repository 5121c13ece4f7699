"""Writes the types and defaults of columns into a revision, with their arguments and imports."""

import sys
from contextlib import suppress
from copy import copy
from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type as render_with_alembic
from alembic.util import CommandError
from sqlalchemy import Column, MetaData, Table
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.elements import False_, True_
from sqlalchemy.sql.functions import AnsiFunction, now
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlalchemy.util import generic_repr

REFUSED = """\
The type of {column} is refused: {reason}
Use another type, or one for each database: JSON().with_variant(JSONB(), "postgresql")."""
NO_REPR = """\
The type {name} cannot be written into a revision. Give the class a __repr__ that returns the call
which creates the type, such as "{example}(12)"."""


def render_item(kind: str, value: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Alembic hook. It returns False for what Alembic renders well, such as SQLAlchemy's types."""
    if kind == "server_default":
        return render_default(getattr(value, "arg", None), autogenerate)
    if kind == "column":
        reject_column(value, autogenerate)
    if kind != "type":
        return False
    if hasattr(value, "astext_type") and autogenerate.dialect.name != "postgresql":
        autogenerate.imports.add("from sqlalchemy import Text")  # JSONB(astext_type=Text())
    if type(value).__module__.startswith("sqlalchemy."):
        return False
    plain = copy(value)
    plain._variant_mapping = {}
    rendered = find_call(plain, autogenerate) or render_stored_type(plain, autogenerate)
    for dialect, variant in sorted(value._variant_mapping.items()):
        rendered += f".with_variant({render_with_alembic(variant, autogenerate)}, {dialect!r})"
    return rendered


def render_default(default: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write a default that each database spells differently for all of them."""
    sqlalchemy = autogenerate.opts["sqlalchemy_module_prefix"]
    if isinstance(default, True_ | False_):
        return f"{sqlalchemy}{default}()"
    if isinstance(default, now | AnsiFunction):
        return f"{sqlalchemy}func.{default.name}()"
    return False


def reject_column(column: Column[Any], autogenerate: AutogenContext) -> None:
    """Raise CommandError for a type that the database does not have."""
    dialect = autogenerate.migration_context.dialect
    compiler = MockConnection(dialect, lambda ddl, *_: ddl.compile(dialect=dialect))
    try:
        Table("table", MetaData(), Column("column", column.type)).create(compiler, checkfirst=False)
    except (AttributeError, TypeError, CompileError) as error:
        cause = error.__cause__ or error
        known = type(cause) is CompileError  # and not that of an unknown type
        reason = cause if known else f"{dialect.name} has no type {type(column.type).__name__}."
        raise CommandError(REFUSED.format(column=column, reason=reason)) from error


def find_call(value: TypeEngine[Any], autogenerate: AutogenContext) -> str | None:
    """Find the call that creates this type: with its own arguments, or those of the type inside."""
    module, name = type(value).__module__, type(value).__qualname__
    package = module.partition(".")[0]
    for call in (generic_repr(value), repr(value)):
        found = f"{module}.{name}{call.removeprefix(type(value).__name__)}"
        with suppress(Exception):  # the call may raise anything
            created = eval(found, {package: sys.modules[package]})
            if compiled(created, autogenerate) == compiled(value, autogenerate):
                autogenerate.imports.add(f"import {module}")
                return found
    return None


def compiled(value: TypeEngine[Any], autogenerate: AutogenContext) -> tuple[type, str]:
    return type(value), value.compile(dialect=autogenerate.dialect)


def render_stored_type(value: TypeEngine[Any], autogenerate: AutogenContext) -> str:
    """Write a decorator whose arguments cannot be read as the type that it stores."""
    if not isinstance(value, TypeDecorator):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        raise CommandError(NO_REPR.format(name=name, example=type(value).__name__))
    dialect = autogenerate.migration_context.dialect
    return render_with_alembic(value.load_dialect_impl(dialect), autogenerate)
