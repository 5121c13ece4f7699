"""What all models share: timestamps, and typed relationships in queries."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import QueryableAttribute
from sqlmodel import Field, SQLModel

from app.db.types import Timestamp


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
