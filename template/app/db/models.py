"""What the tables have in common: names of constraints, column types, timestamps."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel, UTCDateTime

# Named, so that a migration can drop them again. Set before any table is made.
SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

# Text that every database stores: without NUL, and without half a surrogate pair.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


class ExactString(TypeDecorator[str]):
    """Text that equals only itself: case, accents and trailing spaces count on every database."""

    impl = String
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name not in {"mysql", "mariadb"}:
            return dialect.type_descriptor(String(self.length))
        from sqlalchemy.dialects import mysql  # here, since it loads every driver of MySQL

        mariadb = getattr(dialect, "is_mariadb", False)
        collation = "utf8mb4_nopad_bin" if mariadb else "utf8mb4_0900_bin"
        return dialect.type_descriptor(
            mysql.VARCHAR(self.length, charset="utf8mb4", collation=collation)
        )


class Timestamp(UTCDateTime):
    """An aware instant, in UTC, to the microsecond on every database."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name not in {"mysql", "mariadb"}:
            return super().load_dialect_impl(dialect)
        from sqlalchemy.dialects import mysql

        return dialect.type_descriptor(mysql.DATETIME(fsp=6))


def now() -> datetime:
    return datetime.now(UTC)


class Timestamps(SQLModel):
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(
        default_factory=now, sa_type=Timestamp, sa_column_kwargs={"onupdate": now}
    )
