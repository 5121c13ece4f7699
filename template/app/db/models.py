"""What all models share: constraint names, text and timestamps."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy.orm import QueryableAttribute
from sqlmodel import Field, SQLModel

from app.db.types import Timestamp

# Constraints have names, so that a migration can drop them. Set this before any table is defined.
SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

# Text that every database can store: no NUL, and no lone surrogate.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]


def now() -> datetime:
    return datetime.now(UTC)


def rel(relationship: object) -> QueryableAttribute[Any]:
    """Type a relationship for a query, as `col()` does for a column: `selectinload(rel(…))`."""
    assert isinstance(relationship, QueryableAttribute)
    return relationship


class Timestamps(SQLModel):
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    updated_at: datetime = Field(
        default_factory=now, sa_type=Timestamp, sa_column_kwargs={"onupdate": now}
    )
