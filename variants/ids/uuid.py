"""Ids: UUIDs of version 7, made here; they sort by time, so that inserts stay local in the index."""

import sys
from typing import Any, Literal
from uuid import UUID

from sqlmodel import Field, SQLModel

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils.compat import uuid7

Id = UUID


class HasId(SQLModel):
    id: Id = Field(default_factory=uuid7, primary_key=True)


def reference(to: str, *, ondelete: Literal["CASCADE", "RESTRICT"] = "RESTRICT") -> Any:
    """A column that refers to an id, and has an index: `item_id: Id = reference("items.id")`."""
    return Field(foreign_key=to, ondelete=ondelete, index=True)
