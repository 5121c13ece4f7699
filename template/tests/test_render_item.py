"""A revision has the types and defaults of a service, and refuses what it cannot write."""

from typing import Any

import pytest
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import (
    ARRAY,
    JSON,
    Column,
    DefaultClause,
    Integer,
    Numeric,
    String,
    false,
    func,
    true,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, UserDefinedType
from sqlmodel import UTCDateTime

from app.db.types import ExactString
from migrations.render_item import render_item

HERE = __name__


class Money(TypeDecorator[Any]):
    """It passes its arguments on."""

    impl = Numeric
    cache_ok = True


class Short(TypeDecorator[Any]):
    """Its argument cannot be read back."""

    impl = String
    cache_ok = True

    def __init__(self, words: list[str]) -> None:
        super().__init__(len(words))


class Point(UserDefinedType[Any]):
    """Its argument cannot be read back, and it stores no other type."""

    cache_ok = True

    def __init__(self, dimensions: int) -> None:
        self._dimensions = dimensions

    def get_col_spec(self, **_: Any) -> str:
        return f"POINT({self._dimensions})"


@pytest.fixture
def autogenerate() -> AutogenContext:
    options = {
        "render_item": render_item,
        "sqlalchemy_module_prefix": "sa.",
        "alembic_module_prefix": "op.",
        "user_module_prefix": None,
    }
    context = MigrationContext.configure(dialect_name="sqlite", opts=options)
    return AutogenContext(context, opts=options)


@pytest.mark.parametrize(
    ("kind", "expected", "imports"),
    [
        (String(5), "sa.String(length=5)", set()),
        (ExactString(5), "app.db.types.ExactString(5)", {"import app.db.types"}),
        (
            UTCDateTime(),
            "sqlmodel.sql.sqltypes.UTCDateTime()",
            {"import sqlmodel.sql.sqltypes"},
        ),
        (
            Money(12, 4),
            f"{HERE}.Money(precision=12, scale=4)",
            {f"import {HERE}"},
        ),
        (Short(["a", "b"]), "sa.String(length=2)", set()),
        (
            Money(5).with_variant(JSON(), "sqlite"),
            f"{HERE}.Money(precision=5).with_variant(sa.JSON(), 'sqlite')",
            {f"import {HERE}"},
        ),
        (
            Money(5).with_variant(JSON(), "mysql"),
            f"{HERE}.Money(precision=5).with_variant(sa.JSON(), 'mysql')",
            {f"import {HERE}"},
        ),
        (
            JSON().with_variant(postgresql.JSONB(), "postgresql"),
            "sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql')",
            {"from sqlalchemy import Text", "from sqlalchemy.dialects import postgresql"},
        ),
    ],
    ids=repr,
)
def test_rendered_type(
    autogenerate: AutogenContext, kind: Any, expected: str, imports: set[str]
) -> None:
    assert _repr_type(kind, autogenerate) == expected
    assert autogenerate.imports == imports


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        (true(), "sa.true()"),
        (false(), "sa.false()"),
        (func.now(), "sa.func.now()"),
        (func.current_date(), "sa.func.current_date()"),
        (func.random(), False),
        ("1", False),
    ],
    ids=str,
)
def test_default_for_all_databases(
    autogenerate: AutogenContext, default: Any, expected: str | bool
) -> None:
    assert render_item("server_default", DefaultClause(default), autogenerate) == expected


def test_unreadable_type_is_refused(autogenerate: AutogenContext) -> None:
    with pytest.raises(CommandError, match=r"Point cannot be written.*\n.*such as \"Point\(12\)\""):
        render_item("type", Point(2), autogenerate)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(ARRAY(Integer), "sqlite has no type ARRAY"), (postgresql.INET(), "sqlite has no type INET")],
    ids=repr,
)
def test_type_of_another_database_is_refused(
    autogenerate: AutogenContext, kind: Any, reason: str
) -> None:
    with pytest.raises(CommandError, match=f"The type of value is refused: {reason}"):
        render_item("column", Column("value", kind), autogenerate)
    assert render_item("column", Column("value", Integer), autogenerate) is False
