"""Ids: 64-bit integers that the database hands out, in order but not without gaps."""

from typing import Annotated, Any, Literal

from annotated_types import Ge, Le
from sqlalchemy import BigInteger, Integer
from sqlmodel import Field, SQLModel

Id = Annotated[int, Ge(1), Le(2**63 - 1)]
ID = BigInteger().with_variant(Integer, "sqlite")  # all of SQLite's have 64 bits


class HasId(SQLModel):
    id: Id = Field(default=None, primary_key=True, sa_type=ID)  # None until it is flushed


def reference(to: str, *, ondelete: Literal["CASCADE", "RESTRICT"] = "RESTRICT") -> Any:
    """A column that refers to an id, and has an index: `item_id: Id = reference("items.id")`."""
    return Field(foreign_key=to, ondelete=ondelete, index=True, sa_type=ID)
