"""Users and their sessions in the database. They flush; the unit of work commits."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import HTTPException
from fastapi_users.authentication.strategy.db import AccessTokenDatabase
from fastapi_users.db import BaseUserDatabase
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, delete, select, update

from app.auth.models import User, UserSession, normal_email
from app.db.ids import Id
from app.db.session import Repository


class UserStore(Repository, BaseUserDatabase[User, Id]):
    async def get(self, id: Id) -> User | None:
        return (await self.session.exec(select(User).where(col(User.id) == id))).one_or_none()

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
        result = await self.session.exec(statement)
        return result.rowcount == 1

    async def release(self) -> None:
        """Give the connection back while something slow goes on; what is written is committed."""
        await self.session.commit()


class SessionStore(Repository, AccessTokenDatabase[UserSession]):
    async def get_by_token(self, token: str, max_age: datetime | None = None) -> UserSession | None:
        statement = select(UserSession).where(UserSession.token == digest(token))
        if max_age is not None:
            statement = statement.where(col(UserSession.created_at) >= max_age)
        return (await self.session.exec(statement)).one_or_none()

    async def create(self, create_dict: dict[str, Any]) -> UserSession:
        token, user_id = create_dict["token"], create_dict["user_id"]
        self.session.add(UserSession(token=digest(token), user_id=user_id))
        await self.session.flush()
        return UserSession(token=token, user_id=user_id)  # for the cookie; it is not stored

    async def delete(self, access_token: UserSession) -> None:
        await self.session.delete(access_token)
        await self.session.flush()

    async def delete_of(self, user: User) -> None:
        await self.session.exec(delete(UserSession).where(col(UserSession.user_id) == user.id))

    async def delete_before(self, moment: datetime) -> int:
        statement = delete(UserSession).where(col(UserSession.created_at) < moment)
        return (await self.session.exec(statement)).rowcount


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
