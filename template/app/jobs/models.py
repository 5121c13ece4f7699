"""The table of jobs. A job is a task with its arguments."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from app.db.models import now
from app.db.types import ExactString, Timestamp

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # not now(): a clock that is set back would delay jobs


class Job(SQLModel, table=True):
    """A row exists until the job is done. Each attempt to run the job increases `attempts`."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "due_at", "created_at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    task: str = Field(sa_type=ExactString(200))
    arguments: dict[str, Any] = Field(sa_type=JSON)
    request_id: str | None = Field(default=None, sa_type=ExactString(64))
    created_at: datetime = Field(default_factory=now, sa_type=Timestamp)
    # When the job is sent to a worker, or sent again. None after the last attempt.
    due_at: datetime | None = Field(default=AT_ONCE, sa_type=Timestamp)
    attempts: int = 0
    error: str | None = Field(default=None, sa_type=ExactString(1000))
