"""A domain of a team. Its revision is written on one database, and runs on all of them."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from app.db.ids import HasId, Id, reference
from app.db.types import ExactDecimal, ExactString, Timestamp, value_enum
from sqlalchemy import JSON, CheckConstraint, Index, false, func, text, true
from sqlmodel import Field

Status = StrEnum("Status", ["OPEN", "CLOSED"])


def default(value: object) -> dict[str, object]:
    return {"server_default": value}


class Gadget(HasId, table=True):
    __tablename__ = "gadgets"
    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        Index("ix_gadgets_size_desc", text("size DESC")),
        {"comment": "it's 5%"},
    )

    parent_id: Id | None = reference("gadgets.id", ondelete="SET NULL")
    name: str = Field(sa_type=ExactString(20), unique=True, sa_column_kwargs=default("it's 5%"))
    active: bool = Field(sa_column_kwargs=default(true()))
    hidden: bool = Field(sa_column_kwargs=default(false()))
    size: int = Field(sa_column_kwargs=default("7"))
    price: Decimal = Field(sa_type=ExactDecimal(9, 2), sa_column_kwargs=default("0.00"))
    added_at: datetime = Field(sa_type=Timestamp, sa_column_kwargs=default(func.now()))
    due: date | None = None
    status: Status = Field(sa_type=value_enum(Status), sa_column_kwargs=default("open"))
    tags: dict[str, str] | None = Field(sa_type=JSON)
    data: bytes | None = None
