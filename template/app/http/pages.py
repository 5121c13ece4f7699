"""Keyset pagination: a page begins after the last id of the previous page."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.db.ids import HasId, Id

T = TypeVar("T")
Row = TypeVar("Row", bound=HasId)
Limit = Annotated[int, Query(ge=1, le=100)]


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: Id | None = Field(description="Pass it as `after` for the next page. Null on the last.")


async def paginate(
    session: AsyncSession, rows: SelectOfScalar[Row], limit: int, after: Id | None
) -> Page[Row]:
    """At most `limit` rows, ordered by id. The last page is as fast as the first one."""
    row_id: Any = rows.column_descriptions[0]["entity"].id
    if after is not None:
        rows = rows.where(row_id > after)
    found = (await session.exec(rows.order_by(row_id).limit(limit + 1))).all()  # +1 row for `next`
    page = found[:limit]
    return Page(items=list(page), next=page[-1].id if len(found) > limit else None)
