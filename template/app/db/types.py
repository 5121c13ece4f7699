"""Column types that store and return the same values on every database."""

from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Enum, Numeric, String, Text, Time
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import UTCDateTime


class ExactString(TypeDecorator[str]):
    """Text that is compared exactly: case, accents and trailing spaces are significant."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name not in {"mysql", "mariadb"}:
            return dialect.type_descriptor(String(self.length))
        from sqlalchemy.dialects import mysql  # not at the top: it imports all drivers

        mariadb = getattr(dialect, "is_mariadb", False)
        collation = "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"
        return dialect.type_descriptor(
            mysql.VARCHAR(self.length, charset="utf8mb4", collation=collation)
        )


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal with at most 18 digits, without rounding errors. SQLite stores it as an integer.

    On SQLite, compare and add such columns in SQL; multiply and divide them in Python.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision, self.scale = precision, scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        exact = Numeric(self.precision, self.scale)
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else exact)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int(Decimal(value).scaleb(self.scale).to_integral_value(ROUND_HALF_UP))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if dialect.name == "sqlite" and value is not None:
            return Decimal(value).scaleb(-self.scale)
        found: Decimal | None = value
        return found


def value_enum(kind: type[StrEnum]) -> Enum:
    """A type for an enum that stores values instead of names, with a CHECK constraint.

    The constraint's name changes with the values, so that `just revision` notices the change.
    """
    values = [member.value for member in kind]
    return Enum(
        kind,
        name=sha256(",".join(values).encode()).hexdigest()[:8],
        values_callable=lambda _: values,
        native_enum=False,
        create_constraint=True,
        length=50,  # constant, so that a longer value does not alter the column
    )


class Timestamp(UTCDateTime):
    """An aware `datetime` in UTC, to the microsecond."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name not in {"mysql", "mariadb"}:
            return super().load_dialect_impl(dialect)
        from sqlalchemy.dialects import mysql

        return dialect.type_descriptor(mysql.DATETIME(fsp=6))


class TimeOfDay(TypeDecorator[time]):
    """A `time` without a time zone, to the microsecond."""

    impl = Time
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name not in {"mysql", "mariadb"}:
            return dialect.type_descriptor(Time())
        from sqlalchemy.dialects import mysql

        return dialect.type_descriptor(mysql.TIME(fsp=6))


class LongString(TypeDecorator[str]):
    """Text of any length. It cannot be unique or have an index."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name not in {"mysql", "mariadb"}:
            return dialect.type_descriptor(Text())
        from sqlalchemy.dialects import mysql

        return dialect.type_descriptor(mysql.LONGTEXT(charset="utf8mb4"))


class JsonDocument(TypeDecorator[Any]):
    """JSON, stored as JSONB on PostgreSQL. SQLAlchemy does not notice a change in place."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects import postgresql

        return dialect.type_descriptor(postgresql.JSONB(none_as_null=True))
