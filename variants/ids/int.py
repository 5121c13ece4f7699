"""Ids: 64-bit integers that the database hands out, in order but not without gaps."""

from typing import Annotated

from annotated_types import Ge, Le
from sqlalchemy import BigInteger, Integer
from sqlmodel import Field, SQLModel

Id = Annotated[int, Ge(1), Le(2**63 - 1)]


class HasId(SQLModel):
    id: Id = Field(
        default=None,  # until it is flushed
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),
    )
