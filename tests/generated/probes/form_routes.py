"""A route with a form, as a team may write one: FastAPI parses the body before idempotent() runs."""

from typing import Annotated

from app.http.idempotency import idempotent
from app.http.routing import PrefixRouter
from app.items.routes import Items
from app.items.schemas import ItemCreate
from fastapi import File, Form

router = PrefixRouter(prefix="/forms")


@router.post("", status_code=201, dependencies=[idempotent()])
async def create_from_form(
    name: Annotated[str, Form()], items: Items, file: Annotated[bytes, File()] = b""
) -> list[str | int]:
    item = await items.create(ItemCreate(name=name))
    return [str(item.id), len(file)]
