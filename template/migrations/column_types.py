"""Writes the type of a column into a revision, so that the revision creates the same column."""

import sys
from contextlib import suppress
from copy import copy
from typing import Any, Literal

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type as render_with_alembic
from alembic.util import CommandError
from sqlalchemy import Dialect, Enum
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import CompileError
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlalchemy.util import generic_repr

DIALECTS: list[Dialect] = [module.dialect() for module in (sqlite, postgresql, mysql)]
NO_REPR = """\
The type {name} cannot be written into a revision. Give the class a __repr__ that returns the call
which creates the type, such as "{example}"."""


def render_type(kind: str, value: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Alembic hook. It returns False for the types that Alembic renders well."""
    if kind != "type" or not isinstance(value, TypeEngine):
        return False
    if creates_type(value, autogenerate.dialect):
        # migrations/named_types.py creates the type, so that several tables can use it.
        plain: Any = copy(value)
        plain.create_type = False
        return render_with_alembic(plain, autogenerate)
    if not type(value).__module__.startswith("sqlalchemy."):
        rendered = render_custom_type(value, autogenerate)
    elif (inner := find_inner_types(value)) and not isinstance(value, postgresql.DOMAIN):
        rendered = render_outer_type(value, inner, autogenerate)
    else:
        return False
    for dialect, variant in sorted(value._variant_mapping.items()):
        rendered += f".with_variant({render_with_alembic(variant, autogenerate)}, {dialect!r})"
    return rendered


def creates_type(value: TypeEngine[Any], dialect: Dialect | None) -> bool:
    """Whether a table with this type would create it: an enum or a domain of PostgreSQL."""
    if dialect is None or dialect.name != "postgresql":
        return False
    if isinstance(value, Enum):
        return value.native_enum and value.create_type
    return isinstance(value, postgresql.DOMAIN) and value.create_type


def find_inner_types(value: TypeEngine[Any]) -> dict[str, TypeEngine[Any]]:
    """The types in it: the items of an array, the text of JSONB."""
    if isinstance(value, TypeDecorator):
        return {}
    places = [*reversed(type(value).__mro__), value]
    found = {name: kind for place in places for name, kind in vars(place).items()}
    return {name: kind for name, kind in found.items() if isinstance(kind, TypeEngine)}


def render_outer_type(
    value: TypeEngine[Any], inner: dict[str, TypeEngine[Any]], autogenerate: AutogenContext
) -> str:
    """Alembic imports not all inner types, and finds those of arrays by a pattern that may fail."""
    outer = copy(value)
    for name in inner:
        setattr(outer, name, Inner(name))
    rendered = repr(outer)
    for name, kind in inner.items():
        rendered = rendered.replace(repr(Inner(name)), render_with_alembic(kind, autogenerate))
    prefix = "sa"
    if (parts := type(value).__module__.split("."))[1] == "dialects":
        prefix = parts[2]
        autogenerate.imports.add(f"from sqlalchemy.dialects import {prefix}")
    return f"{prefix}.{rendered}"


class Inner(TypeEngine[Any]):
    """The place of an inner type."""

    def __init__(self, name: str) -> None:
        self.name = name


def render_custom_type(value: TypeEngine[Any], autogenerate: AutogenContext) -> str:
    """Find the call that creates this type of the service or of a package, and import it."""
    module, path = public_name(type(value))
    outer, name = path.split(".")[0], type(value).__name__
    stored = stored_type(value, autogenerate.dialect)
    for call in (
        (generic_repr(value), repr(value)) if not creates_type(stored, autogenerate.dialect) else ()
    ):
        found = path + call.removeprefix(name)
        if call.startswith(f"{name}(") and creates(found, module, outer, value):
            line = f"from {module} import {outer}"
            if any(other.endswith(f" import {outer}") for other in autogenerate.imports - {line}):
                line, found = f"import {module}", f"{module}.{found}"
            autogenerate.imports.add(line)
            return found
    if stored is value:
        raise CommandError(NO_REPR.format(name=f"{module}.{path}", example=f"{name}(12)"))
    return render_with_alembic(stored, autogenerate)


def stored_type(value: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """The type that a decorator uses here. A driver's variant of it becomes the documented type."""
    while isinstance(value, TypeDecorator):
        value = value.load_dialect_impl(dialect)
    if not type(value).__module__.startswith("sqlalchemy."):
        return value
    kind: Any = next(it for it in type(value).__mro__ if public_name(it)[0] != it.__module__)
    return value if kind is type(value) else value.adapt(kind)


def public_name(kind: type[Any]) -> tuple[str, str]:
    """The shortest module from which the class can be imported, and its name in there."""
    parts = kind.__module__.split(".")
    for end in range(1, len(parts)):
        module = ".".join(parts[:end])
        if getattr(sys.modules.get(module), kind.__qualname__, None) is kind:
            return module, kind.__qualname__
    return kind.__module__, kind.__qualname__


def creates(call: str, module: str, outer: str, expected: TypeEngine[Any]) -> bool:
    """Whether the call creates a type with the same columns on every database."""
    names = {outer: getattr(sys.modules[module], outer, None)}
    with suppress(Exception):  # it may do anything
        found = eval(call, names)
        return type(found) is type(expected) and columns(found) == columns(expected)
    return False


def columns(value: TypeEngine[Any]) -> list[str]:
    return [column(value, dialect) for dialect in DIALECTS]


def column(value: TypeEngine[Any], dialect: Dialect) -> str:
    """The type in SQL, or the reason why this database does not have it."""
    try:
        return str(value.compile(dialect=dialect))
    except CompileError as error:
        return str(error)
