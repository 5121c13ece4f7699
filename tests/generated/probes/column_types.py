"""Column types as teams use them. `check_column_types.py` makes a table of each of them.

It becomes `app/probes/models.py` of a generated project.
"""

import enum
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from app.db.types import ExactDecimal, ExactString, Timestamp, value_enum
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.types import TypeDecorator, UserDefinedType
from sqlmodel import AutoString, SQLModel, UTCDateTime
from sqlmodel.main import get_sqlalchemy_type


class Color(enum.StrEnum):
    RED = "red"
    GREEN = "green: 50% 'dark'"


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


class Money(TypeDecorator[Decimal]):
    """With arguments that it passes on and does not keep."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)


class Price(TypeDecorator[Decimal]):
    """With default arguments."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, digits: int = 10, *, places: int = 2) -> None:
        super().__init__(digits, places)
        self.digits, self.places = digits, places


class Hidden(TypeDecorator[str]):
    """With arguments that nobody can read again."""

    impl = sa.String
    cache_ok = True

    def __init__(self, words: int, secret: str) -> None:
        super().__init__(words * 10)
        self._secret = secret


class Lower(TypeDecorator[str]):
    """Without a constructor of its own."""

    impl = sa.String
    cache_ok = True


class ByName(TypeDecorator[Any]):
    """With a class as argument."""

    impl = sa.String(30)
    cache_ok = True

    def __init__(self, kind: type[enum.Enum]) -> None:
        super().__init__()
        self.kind = kind


class ColorText(TypeDecorator[Any]):
    """Around an enum."""

    impl = sa.Enum("cyan", "pink", name="color_text")
    cache_ok = True


class PerDatabase(TypeDecorator[Any]):
    """With another type for each database."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        kind = postgresql.JSONB() if dialect.name == "postgresql" else sa.JSON()
        return dialect.type_descriptor(kind)


class Point(UserDefinedType[Any]):
    cache_ok = True

    def __init__(self, precision: int = 4) -> None:
        self.precision = precision

    def get_col_spec(self, **_: Any) -> str:
        return f"CHAR({self.precision})"


class Unreadable(UserDefinedType[Any]):
    """With a class as argument, and without another type to store it as."""

    cache_ok = True

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def get_col_spec(self, **_: Any) -> str:
        return f"CHAR({len(self.kind.__name__)})"


class Outer:
    class Inner(TypeDecorator[str]):
        impl = sa.String
        cache_ok = True

        def __init__(self, length: int) -> None:
            super().__init__(length)


def local_type() -> Any:
    class Local(TypeDecorator[str]):
        impl = sa.String(12)
        cache_ok = True

    return Local()


class Annotated(SQLModel):
    """SQLModel chooses the type of these."""

    text: str
    number: int
    real: float
    flag: bool
    day: date
    moment: datetime
    clock: time
    span: timedelta
    amount: Decimal
    data: bytes
    uuid: UUID
    color: Color
    size: Size


PLAIN = {
    f"SQLModel {name}": (lambda field=field: get_sqlalchemy_type(field))
    for name, field in Annotated.model_fields.items()
}
TYPES: dict[str, Callable[[], Any]] = {
    **PLAIN,
    "AutoString(100)": lambda: AutoString(100),
    "AutoString()": lambda: AutoString(),
    "UTCDateTime": lambda: UTCDateTime(),
    "ExactString(50)": lambda: ExactString(50),
    "ExactDecimal(12, 3)": lambda: ExactDecimal(12, 3),
    "Timestamp": lambda: Timestamp(),
    "value_enum": lambda: value_enum(Color),
    "BigInteger": lambda: sa.BigInteger(),
    "SmallInteger": lambda: sa.SmallInteger(),
    "Numeric": lambda: sa.Numeric(),
    "Numeric(14, 4)": lambda: sa.Numeric(14, 4),
    "Numeric(12, 2, asdecimal=False)": lambda: sa.Numeric(12, 2, asdecimal=False),
    "Float": lambda: sa.Float(),
    "Float(24)": lambda: sa.Float(24),
    "Double": lambda: sa.Double(),
    "REAL": lambda: sa.REAL(),
    "String(20)": lambda: sa.String(20),
    "Unicode(20)": lambda: sa.Unicode(20),
    "UnicodeText": lambda: sa.UnicodeText(),
    "Text": lambda: sa.Text(),
    "Text(1000)": lambda: sa.Text(1000),
    "CHAR(3)": lambda: sa.CHAR(3),
    "NVARCHAR(9)": lambda: sa.NVARCHAR(9),
    "LargeBinary": lambda: sa.LargeBinary(),
    "LargeBinary(100)": lambda: sa.LargeBinary(100),
    "Boolean": lambda: sa.Boolean(),
    "Boolean with CHECK": lambda: sa.Boolean(create_constraint=True, name="yes_or_no"),
    "Date": lambda: sa.Date(),
    "DateTime": lambda: sa.DateTime(),
    "DateTime(timezone)": lambda: sa.DateTime(timezone=True),
    "TIMESTAMP": lambda: sa.TIMESTAMP(),
    "Time": lambda: sa.Time(),
    "Time(timezone)": lambda: sa.Time(timezone=True),
    "Interval": lambda: sa.Interval(),
    "Interval(6)": lambda: sa.Interval(second_precision=6),
    "Uuid": lambda: sa.Uuid(),
    "Uuid(native_uuid=False)": lambda: sa.Uuid(native_uuid=False),
    "JSON": lambda: sa.JSON(),
    "JSON, none_as_null": lambda: sa.JSON(none_as_null=True),
    "JSON or JSONB": lambda: sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
    "PickleType": lambda: sa.PickleType(),
    "Enum(class)": lambda: sa.Enum(Color, name="color_class"),
    "Enum(strings)": lambda: sa.Enum("a", "b'c", "100%", ":d", name="letter"),
    "Enum, not native": lambda: sa.Enum(Color, native_enum=False, length=50),
    "Enum, not native, CHECK": lambda: sa.Enum(
        Color, name="color_check", native_enum=False, create_constraint=True
    ),
    "Text or Enum": lambda: sa.String(20).with_variant(
        sa.Enum(Size, name="text_or_size"), "postgresql"
    ),
    "ARRAY(Integer)": lambda: sa.ARRAY(sa.Integer()),
    "ARRAY(String), 2 dimensions": lambda: sa.ARRAY(sa.String(5), dimensions=2),
    "ARRAY(ExactString)": lambda: postgresql.ARRAY(ExactString(20)),
    "ARRAY(Money)": lambda: postgresql.ARRAY(Money(8, 3)),
    "ARRAY(Enum)": lambda: postgresql.ARRAY(sa.Enum(Size, name="sizes")),
    "ARRAY or JSON": lambda: sa.JSON().with_variant(postgresql.ARRAY(sa.Text()), "postgresql"),
    "postgresql.JSONB": lambda: postgresql.JSONB(),
    "postgresql.INET": lambda: postgresql.INET(),
    "postgresql.CIDR": lambda: postgresql.CIDR(),
    "postgresql.MACADDR": lambda: postgresql.MACADDR(),
    "postgresql.TSVECTOR": lambda: postgresql.TSVECTOR(),
    "postgresql.CITEXT": lambda: postgresql.CITEXT(),
    "postgresql.HSTORE": lambda: postgresql.HSTORE(),
    "postgresql.BIT(8)": lambda: postgresql.BIT(8),
    "postgresql.BIT(varying)": lambda: postgresql.BIT(8, varying=True),
    "postgresql.MONEY": lambda: postgresql.MONEY(),
    "postgresql.OID": lambda: postgresql.OID(),
    "postgresql.INTERVAL": lambda: postgresql.INTERVAL(),
    "postgresql.INTERVAL(YEAR)": lambda: postgresql.INTERVAL(fields="YEAR TO MONTH"),
    "postgresql.TIMESTAMP(3)": lambda: postgresql.TIMESTAMP(precision=3),
    "postgresql.TIME(0)": lambda: postgresql.TIME(precision=0),
    "postgresql.INT4RANGE": lambda: postgresql.INT4RANGE(),
    "postgresql.TSTZRANGE": lambda: postgresql.TSTZRANGE(),
    "postgresql.DATEMULTIRANGE": lambda: postgresql.DATEMULTIRANGE(),
    "postgresql.ENUM": lambda: postgresql.ENUM("x", "y", name="axis"),
    "mysql.TINYINT": lambda: mysql.TINYINT(),
    "mysql.TINYINT(unsigned)": lambda: mysql.TINYINT(unsigned=True),
    "mysql.BIGINT(unsigned)": lambda: mysql.BIGINT(unsigned=True),
    "mysql.MEDIUMINT": lambda: mysql.MEDIUMINT(),
    "mysql.MEDIUMTEXT": lambda: mysql.MEDIUMTEXT(),
    "mysql.LONGTEXT": lambda: mysql.LONGTEXT(),
    "mysql.LONGTEXT(collation)": lambda: mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"),
    "mysql.VARCHAR(collation)": lambda: mysql.VARCHAR(40, collation="utf8mb4_bin"),
    "mysql.LONGBLOB": lambda: mysql.LONGBLOB(),
    "mysql.VARBINARY(16)": lambda: sa.VARBINARY(16),
    "mysql.DATETIME(fsp=3)": lambda: mysql.DATETIME(fsp=3),
    "mysql.TIMESTAMP(fsp=6)": lambda: mysql.TIMESTAMP(fsp=6),
    "mysql.TIME(fsp=2)": lambda: mysql.TIME(fsp=2),
    "mysql.YEAR": lambda: mysql.YEAR(),
    "mysql.BIT(4)": lambda: mysql.BIT(4),
    "mysql.DOUBLE": lambda: mysql.DOUBLE(),
    "mysql.DECIMAL(unsigned)": lambda: mysql.DECIMAL(9, 3, unsigned=True),
    "mysql.ENUM": lambda: mysql.ENUM("x", "y'z"),
    "mysql.SET": lambda: mysql.SET("x", "y"),
    "mysql.JSON": lambda: mysql.JSON(),
    "Text or MEDIUMTEXT": lambda: sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"),
    "sqlite.DATETIME": lambda: sqlite.DATETIME(),
    "Money(12, 4)": lambda: Money(12, 4),
    "Price()": lambda: Price(),
    "Price(8, places=3)": lambda: Price(8, places=3),
    "Hidden(3)": lambda: Hidden(3, secret="s3cret"),
    "Lower(length=7)": lambda: Lower(length=7),
    "ByName(Color)": lambda: ByName(Color),
    "ColorText": lambda: ColorText(),
    "PerDatabase": lambda: PerDatabase(),
    "Point(8)": lambda: Point(8),
    "Unreadable(Color)": lambda: Unreadable(Color),
    "Outer.Inner(9)": lambda: Outer.Inner(9),
    "local type": local_type,
    "ExactString or Text": lambda: ExactString(60).with_variant(sa.Text(), "postgresql"),
}
