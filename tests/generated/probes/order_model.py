"""A model that a team adds to a generated project: a table with every kind of column."""

from datetime import date
from decimal import Decimal

from app.db.ids import HasId, Id, reference
from app.db.models import ExactString, Timestamps
from sqlmodel import Field


class Order(HasId, Timestamps, table=True):
    __tablename__ = "orders"

    item_id: Id = reference("items.id")
    code: str = Field(sa_type=ExactString(20), unique=True)
    note: str | None = Field(default=None, max_length=100)
    amount: Decimal = Field(max_digits=10, decimal_places=2)
    due: date
    paid: bool = False
