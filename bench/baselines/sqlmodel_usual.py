"""The baseline of SQLModel as it is usually written, in tutorials and in many services.

It has one engine with SQLAlchemy's default pool and a ping, a class as a dependency, a statement
that is built for each request, and COMMIT followed by `refresh`.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import BigInteger, DateTime
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
engine = create_async_engine(URL, pool_pre_ping=True)
new_session = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


def now() -> datetime:
    return datetime.now(UTC)


class ItemCreate(SQLModel):
    name: str
    description: str | None = None


class Item(ItemCreate, table=True):
    __tablename__ = "items"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))


class ItemRead(ItemCreate):
    id: int
    created_at: datetime
    updated_at: datetime


class ItemPage(SQLModel):
    items: list[ItemRead]
    next: int | None


async def get_session() -> AsyncGenerator[AsyncSession]:
    async with new_session() as session:
        yield session


class ItemRepository:
    def __init__(self, session: Annotated[AsyncSession, Depends(get_session)]) -> None:
        self.session = session

    async def get(self, item_id: int) -> Item | None:
        return await self.session.get(Item, item_id)

    async def page(self, limit: int) -> list[Item]:
        return list(await self.session.exec(select(Item).order_by(col(Item.id)).limit(limit)))

    async def add(self, item: Item) -> Item:
        self.session.add(item)
        await self.session.commit()
        await self.session.refresh(item)
        return item


Items = Annotated[ItemRepository, Depends()]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/items/{item_id}", response_model=ItemRead)
async def read_item(item_id: int, items: Items) -> Item:
    if (item := await items.get(item_id)) is None:
        raise HTTPException(404)
    return item


@app.get("/items", response_model=ItemPage)
async def list_items(items: Items, limit: int = 50) -> object:
    found = await items.page(limit + 1)
    return {"items": found[:limit], "next": found[limit - 1].id if len(found) > limit else None}


@app.post("/items", status_code=201, response_model=ItemRead)
async def create_item(new: ItemCreate, items: Items) -> Item:
    return await items.add(Item(**new.model_dump()))
