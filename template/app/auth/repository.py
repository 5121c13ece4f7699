"""Users and their sessions in the database. They flush; the unit of work commits."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

from fastapi import HTTPException
from fastapi_users.db import BaseUserDatabase
from sqlalchemy.exc import IntegrityError
from sqlmodel import bindparam, col, delete, select, update

from app.auth.models import User, UserSession, normal_email
from app.auth.settings import settings
from app.db.ids import Id
from app.db.models import now
from app.db.session import Repository

# Each request is somebody's: these two are made once.
BY_ID = select(User).where(col(User.id) == bindparam("id"))
SAME = col(UserSession.token) == bindparam("token")
ALIVE = col(UserSession.created_at) >= bindparam("since")
BY_TOKEN = select(User).join(UserSession).where(SAME, ALIVE)
LIFE = timedelta(seconds=settings.session_seconds)


class UserStore(Repository, BaseUserDatabase[User, Id]):
    async def get(self, id: Id) -> User | None:
        return (await self.session.exec(BY_ID, params={"id": id})).one_or_none()

    async def get_by_email(self, email: str) -> User | None:
        if (normal := normal_email(email)) is None:
            return None
        return (await self.session.exec(select(User).where(User.email == normal))).one_or_none()

    async def page(self, limit: int, after: Id | None) -> Sequence[User]:
        statement = select(User).order_by(col(User.id)).limit(limit)
        if after is not None:
            statement = statement.where(col(User.id) > after)
        return (await self.session.exec(statement)).all()

    async def create(self, create_dict: dict[str, Any]) -> User:
        return await self.update(User(**create_dict), {})

    async def update(self, user: User, update_dict: dict[str, Any]) -> User:
        """Raise 400 for an address that is taken; the index is the judge, also between two."""
        user.sqlmodel_update(update_dict)
        self.session.add(user)
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise HTTPException(400, "There is an account with this e-mail.") from error
        return user

    async def delete(self, user: User) -> None:
        await self.session.delete(user)
        await self.session.flush()

    async def replace_password(self, user: User, hashed_password: str) -> bool:
        """Only if nobody else has replaced it since it was read."""
        same = (col(User.id) == user.id, col(User.hashed_password) == user.hashed_password)
        statement = update(User).where(*same).values(hashed_password=hashed_password)
        return (await self.session.exec(statement)).rowcount == 1

    async def release(self) -> None:
        """Give the connection back while something slow goes on; what is written is committed."""
        await self.session.commit()


class SessionStore(Repository):
    """Sessions by cookie, and what fastapi-users calls a strategy for them."""

    async def write_token(self, user: User) -> str:
        token = token_urlsafe()
        self.session.add(UserSession(token=digest(token), user_id=user.id))
        await self.session.flush()
        return token

    async def read_token(self, token: str | None, user_manager: object) -> User | None:
        params = {"token": digest(token or ""), "since": now() - LIFE}
        return (await self.session.exec(BY_TOKEN, params=params)).one_or_none()

    async def destroy_token(self, token: str, user: User) -> None:
        await self.session.exec(delete(UserSession).where(col(UserSession.token) == digest(token)))

    async def delete_of(self, user: User) -> None:
        await self.session.exec(delete(UserSession).where(col(UserSession.user_id) == user.id))

    async def delete_expired(self) -> int:
        expired = col(UserSession.created_at) < now() - LIFE
        return (await self.session.exec(delete(UserSession).where(expired))).rowcount


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
