"""The baseline with users: FastAPI with asyncpg and PyJWT. Each request reads its user."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel

USER = "SELECT id, email, is_active, is_superuser FROM users WHERE id = $1"
COLUMNS = "id, owner_id, name, description, created_at, updated_at"
READ = f"SELECT {COLUMNS} FROM items WHERE id = $1 AND owner_id = $2"
PAGE = f"SELECT {COLUMNS} FROM items WHERE owner_id = $2 ORDER BY id LIMIT $1"
CREATE = (
    "INSERT INTO items (owner_id, name, description, created_at, updated_at)"
    f" VALUES ($1, $2, $3, now(), now()) RETURNING {COLUMNS}"
)


class ItemCreate(BaseModel):
    name: str
    description: str | None = None


class Item(ItemCreate):
    id: int
    owner_id: int
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
scheme = OAuth2PasswordBearer("auth/jwt/login")


async def current_user(token: Annotated[str, Depends(scheme)]) -> Any:
    try:
        claims = jwt.decode(token, os.environ["SECRET_KEY"], ["HS256"], audience="bearer")
    except jwt.PyJWTError:
        raise HTTPException(401) from None
    user = await pool.fetchrow(USER, int(claims["sub"]))
    if user is None or not user["is_active"]:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[Any, Depends(current_user)]


@app.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/items/{item_id}", response_model=Item)
async def read_item(item_id: int, user: CurrentUser) -> Any:
    if (row := await pool.fetchrow(READ, item_id, user["id"])) is None:
        raise HTTPException(404)
    return dict(row)


@app.get("/items", response_model=Page)
async def list_items(user: CurrentUser, limit: int = 50) -> Any:
    rows = await pool.fetch(PAGE, limit + 1, user["id"])
    more = rows[limit - 1]["id"] if len(rows) > limit else None
    return {"items": [dict(row) for row in rows[:limit]], "next": more}


@app.post("/items", status_code=201, response_model=Item)
async def create_item(new: ItemCreate, user: CurrentUser) -> Any:
    return dict(await pool.fetchrow(CREATE, user["id"], new.name, new.description))
