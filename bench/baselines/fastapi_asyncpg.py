"""The baseline that all ratios refer to: FastAPI with asyncpg, without an ORM or middleware."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

READ = "SELECT id, name, description, created_at, updated_at FROM items WHERE id = $1"
PAGE = "SELECT id, name, description, created_at, updated_at FROM items ORDER BY id LIMIT $1"
CREATE = (
    "INSERT INTO items (name, description, created_at, updated_at) VALUES ($1, $2, now(), now())"
    " RETURNING id, name, description, created_at, updated_at"
)


class ItemCreate(BaseModel):
    name: str
    description: str | None = None


class Item(ItemCreate):
    id: int
    created_at: datetime
    updated_at: datetime


class Page(BaseModel):
    items: list[Item]
    next: int | None


pool: Any = None


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    global pool
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10) as pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/items/{item_id}", response_model=Item)
async def read_item(item_id: int) -> Any:
    if (row := await pool.fetchrow(READ, item_id)) is None:
        raise HTTPException(404)
    return dict(row)


@app.get("/items", response_model=Page)
async def list_items(limit: int = 50) -> Any:
    rows = await pool.fetch(PAGE, limit + 1)
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return {"items": [dict(row) for row in rows[:limit]], "next": more}


@app.post("/items", status_code=201, response_model=Item)
async def create_item(new: ItemCreate) -> Any:
    return dict(await pool.fetchrow(CREATE, new.name, new.description))
