# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "asyncpg>=0.32,<1",
#     "fastapi>=0.165,<1",
#     "fastapi-users[sqlalchemy]>=15.0.5,<16",
#     "uvicorn[standard]>=0.54,<1",
# ]
# ///
"""The baseline with users as in the documentation of fastapi-users, with its SQLAlchemy adapter.

It has an environment of its own, because the adapter needs SQLAlchemy 2.0. As a script, it makes its
table of sessions, and prints the headers that authenticate the user of `seed.py`, with a token and
with a session cookie.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi_users import BaseUserManager, FastAPIUsers, IntegerIDMixin
from fastapi_users.authentication import (
    AuthenticationBackend,
    BearerTransport,
    CookieTransport,
    JWTStrategy,
)
from fastapi_users.authentication.strategy.db import AccessTokenDatabase, DatabaseStrategy
from fastapi_users.db import SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTable
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTable,
)
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, DateTime, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

SECRET = os.environ["SECRET_KEY"]
URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
engine = create_async_engine(URL)
async_session_maker = async_sessionmaker(engine, expire_on_commit=False)


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTable[int], Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class AccessToken(SQLAlchemyBaseAccessTokenTable[int], Base):
    @declared_attr
    def user_id(cls) -> Mapped[int]:
        return mapped_column(BigInteger, ForeignKey("users.id", ondelete="cascade"))


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)


class ItemCreate(BaseModel):
    name: str
    description: str | None = None


class ItemRead(ItemCreate):
    model_config = ConfigDict(from_attributes=True)

    id: int
    owner_id: int
    created_at: datetime
    updated_at: datetime


class ItemPage(BaseModel):
    items: list[ItemRead]
    next: int | None


async def get_async_session() -> AsyncGenerator[AsyncSession]:
    async with async_session_maker() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_async_session)]


async def get_user_db(session: SessionDep) -> AsyncGenerator[SQLAlchemyUserDatabase[User, int]]:
    yield SQLAlchemyUserDatabase(session, User)


async def get_access_token_db(
    session: SessionDep,
) -> AsyncGenerator[SQLAlchemyAccessTokenDatabase[AccessToken]]:
    yield SQLAlchemyAccessTokenDatabase(session, AccessToken)


class UserManager(IntegerIDMixin, BaseUserManager[User, int]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def get_user_manager(
    user_db: Annotated[SQLAlchemyUserDatabase[User, int], Depends(get_user_db)],
) -> AsyncGenerator[UserManager]:
    yield UserManager(user_db)


def get_jwt_strategy() -> JWTStrategy[User, int]:
    return JWTStrategy(secret=SECRET, lifetime_seconds=3600)


def get_database_strategy(
    access_token_db: Annotated[AccessTokenDatabase[AccessToken], Depends(get_access_token_db)],
) -> DatabaseStrategy[User, int, AccessToken]:
    return DatabaseStrategy(access_token_db, lifetime_seconds=3600)


jwt_backend = AuthenticationBackend(
    "jwt", transport=BearerTransport("auth/jwt/login"), get_strategy=get_jwt_strategy
)
cookie_backend = AuthenticationBackend(
    "cookie", transport=CookieTransport(), get_strategy=get_database_strategy
)
fastapi_users = FastAPIUsers[User, int](get_user_manager, [jwt_backend, cookie_backend])
CurrentUser = Annotated[User, Depends(fastapi_users.current_user(active=True))]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/items/{item_id}", response_model=ItemRead)
async def read_item(item_id: int, session: SessionDep, user: CurrentUser) -> Item:
    item = await session.get(Item, item_id)
    if item is None or item.owner_id != user.id:
        raise HTTPException(404)
    return item


@app.get("/items", response_model=ItemPage)
async def list_items(session: SessionDep, user: CurrentUser, limit: int = 50) -> object:
    query = select(Item).where(Item.owner_id == user.id).order_by(Item.id).limit(limit + 1)
    found = (await session.scalars(query)).all()
    return {"items": found[:limit], "next": found[limit - 1].id if len(found) > limit else None}


@app.post("/items", status_code=201, response_model=ItemRead)
async def create_item(new: ItemCreate, session: SessionDep, user: CurrentUser) -> Item:
    item = Item(**new.model_dump(), owner_id=user.id)
    session.add(item)
    await session.commit()
    await session.refresh(item)
    return item


async def authenticate() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with async_session_maker() as session:
        user = (await session.scalars(select(User))).one()
        token = await get_jwt_strategy().write_token(user)
        tokens = get_database_strategy(SQLAlchemyAccessTokenDatabase(session, AccessToken))
        session_token = await tokens.write_token(user)
    print(f"Authorization: Bearer {token}", f"Cookie: fastapiusersauth={session_token}", sep="\n")


if __name__ == "__main__":
    asyncio.run(authenticate())
