"""An item: its table, and what the API takes and gives."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Field as Column

from app.db.ids import HasId, Id
from app.db.models import ExactString, Text, Timestamps

Name = Annotated[Text, Field(min_length=1, max_length=200)]
Description = Annotated[Text, Field(max_length=2000)]


class Item(HasId, Timestamps, table=True):
    __tablename__ = "items"

    name: str = Column(sa_type=ExactString(200), unique=True)
    description: str | None = Column(default=None, sa_type=ExactString(2000))


class ItemCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    description: Description | None = None


class ItemUpdate(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(default_factory=str)  # may be left out, and is never null
    description: Description | None = None


class ItemRead(BaseModel):
    id: Id
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime


class ItemPage(BaseModel):
    items: list[ItemRead]
    next: Id | None = Field(description="`after` of the next page; null on the last one.")
