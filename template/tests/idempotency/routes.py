"""Routes that accept idempotency keys. Each request inserts a row."""

import asyncio
from types import SimpleNamespace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from httpx2 import AsyncClient
from sqlalchemy import MetaData
from sqlmodel import Field, SQLModel, func, select

from app.db.database import Database
from app.db.session import Repository
from app.http.idempotency import idempotent
from app.http.models import IdempotencyKey
from app.http.routing import PrefixRouter

ALL_BYTES = bytes(range(256))
KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}


class Effect(SQLModel, table=True):
    metadata = MetaData()  # separates this table from those of the service
    id: int | None = Field(default=None, primary_key=True)


class Effects(Repository):
    async def add(self) -> None:
        self.session.add(Effect())
        await self.session.flush()


async def owner(request: Request) -> Any:
    if (name := request.headers.get("owner")) == "unknown":
        raise HTTPException(401)
    return SimpleNamespace(id=name)


EffectsDep = Annotated[Effects, Depends(Effects.provide)]
router = PrefixRouter(prefix="/idempotent")
plain_router = APIRouter(prefix="/plain", include_in_schema=False)
failures: list[Exception] = []
started, released = asyncio.Event(), asyncio.Event()


@plain_router.post("", dependencies=[idempotent()])
@router.put("", dependencies=[idempotent(owner)])
@router.post("", status_code=201, dependencies=[idempotent(owner)])
async def create(effects: EffectsDep) -> Response:
    await effects.add()
    if failures:
        raise failures.pop()
    response = Response(ALL_BYTES, 201, {"Location": "/new"}, "image/x-test")
    response.set_cookie("session", "secret")
    return response


@router.post("/stream", dependencies=[idempotent()])
async def stream(request: Request, effects: EffectsDep) -> int:
    await effects.add()
    return sum([len(chunk) async for chunk in request.stream()])


@router.post("/wait", dependencies=[idempotent()])
async def wait(effects: EffectsDep) -> None:
    await effects.add()
    started.set()
    await released.wait()


async def send(client: AsyncClient, path: str = "", body: bytes = b"", **headers: str) -> Any:
    return await client.post(f"/idempotent{path}", content=body, headers=KEY | headers)


async def count(db: Database) -> tuple[int, int]:
    """The number of effects and of keys."""
    async with db.unit(read_only=True) as session:
        effects = (await session.exec(select(func.count()).select_from(Effect))).one()
        keys = (await session.exec(select(func.count()).select_from(IdempotencyKey))).one()
    return effects, keys
