"""A model that a team adds to a generated project: a table with every kind of column."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from app.db.ids import HasId, Id, reference
from app.db.models import Timestamps
from app.db.types import ExactDecimal, ExactString, value_enum
from app.items.models import Item
from sqlmodel import Field, Relationship


class Status(StrEnum):
    OPEN = "open"
    PAID = "paid"


class Order(HasId, Timestamps, table=True):
    __tablename__ = "orders"

    item_id: Id = reference("items.id")
    item: Item = Relationship(sa_relationship_kwargs={"lazy": "raise"})
    code: str = Field(sa_type=ExactString(20), unique=True)
    note: str | None = Field(default=None, max_length=100)
    status: Status = Field(default=Status.OPEN, sa_type=value_enum(Status))
    amount: Decimal = Field(sa_type=ExactDecimal(18, 2))
    due: date
    paid: bool = False
