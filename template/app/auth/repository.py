"""Queries for users, their sessions and their API keys."""

from datetime import datetime
from typing import Any

from fastapi_users.db import BaseUserDatabase
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, bindparam, col, delete, or_, select, update

from app.auth.errors import EmailTaken
from app.auth.models import ApiKey, User, UserSession, normalize_email
from app.db.ids import Id
from app.db.models import now
from app.db.session import Repository
from app.errors import NotFound
from app.http.pages import Page, paginate

# Every authenticated request runs one of these. Building a statement takes as long as running it.
BY_ID = select(User).where(col(User.id) == bindparam("id"))
BY_SESSION = select(User).join(UserSession)
BY_SESSION = BY_SESSION.where(col(UserSession.token) == bindparam("token"))
BY_SESSION = BY_SESSION.where(col(UserSession.expires_at) > bindparam("now"))
BY_SESSION = BY_SESSION.where(col(User.is_active).is_(True))
BY_KEY = select(User, ApiKey).join(ApiKey).where(col(ApiKey.token) == bindparam("token"))
BY_KEY = BY_KEY.where(or_(col(ApiKey.expires_at).is_(None), ApiKey.expires_at > bindparam("now")))
BY_KEY = BY_KEY.where(col(User.is_active).is_(True))


class UserRepository(Repository, BaseUserDatabase[User, Id]):
    async def get(self, id: Id) -> User | None:
        return (await self.session.exec(BY_ID, params={"id": id})).one_or_none()

    async def get_by_email(self, email: str) -> User | None:
        if (normalized := normalize_email(email)) is None:
            return None
        users = await self.session.exec(select(User).where(User.email == normalized))
        return users.one_or_none()

    async def page(self, limit: int, after: Id | None) -> Page[User]:
        return await paginate(self.session, select(User), limit, after)

    async def create(self, create_dict: dict[str, Any]) -> User:
        """Raises EmailTaken."""
        return await self.update(User(**create_dict), {})

    async def update(self, user: User, update_dict: dict[str, Any]) -> User:
        """Raises EmailTaken. The unique constraint also covers concurrent requests."""
        email = update_dict.get("email", user.email)
        try:
            async with self.session.begin_nested():  # the transaction survives an error
                user.sqlmodel_update(update_dict)
                self.session.add(user)
        except IntegrityError:
            owner = await self.get_by_email(email)
            if owner is not None and owner is not user:
                raise EmailTaken from None
            raise  # it was another constraint
        return user

    async def delete(self, user: User) -> None:
        """Delete the user and the rows that belong to it.

        Rows that refer to others go first, because a cascade of MySQL stops at such a row.
        """
        for table in reversed(SQLModel.metadata.sorted_tables):
            for key in table.foreign_keys:
                if key.column.table.name == User.__tablename__ and key.ondelete == "CASCADE":
                    await self.session.exec(delete(table).where(key.parent == user.id))
        await self.session.delete(user)
        await self.session.flush()

    async def replace_password(self, user: User, hashed_password: str) -> bool:
        """Replace the password. Returns False if another request has changed it meanwhile.

        An equal hash only locks the row: a change of the password waits, and ends the new session.
        """
        unchanged = (col(User.id) == user.id, col(User.hashed_password) == user.hashed_password)
        statement = update(User).where(*unchanged).values(hashed_password=hashed_password)
        if hashed_password == user.hashed_password:
            statement = statement.values(updated_at=col(User.updated_at))
        return (await self.session.exec(statement)).rowcount == 1

    async def release_connection(self) -> None:
        """Commit and return the connection to the pool before slow work."""
        await self.session.commit()

    async def create_session(self, user: User, digest: str, expires_at: datetime) -> None:
        self.session.add(UserSession(token=digest, user_id=user.id, expires_at=expires_at))
        await self.session.flush()

    async def get_by_session(self, digest: str) -> User | None:
        """The user of a session, if both are still valid."""
        params = {"token": digest, "now": now()}
        return (await self.session.exec(BY_SESSION, params=params)).one_or_none()

    async def get_by_key(self, digest: str) -> tuple[User, ApiKey] | None:
        """An API key and its user, if both are still valid."""
        params = {"token": digest, "now": now()}
        return (await self.session.exec(BY_KEY, params=params)).one_or_none()

    async def delete_session(self, digest: str) -> None:
        await self.session.exec(delete(UserSession).where(col(UserSession.token) == digest))

    async def delete_sessions(self, user: User) -> None:
        await self.session.exec(delete(UserSession).where(col(UserSession.user_id) == user.id))

    async def delete_keys(self, user: User) -> None:
        await self.session.exec(delete(ApiKey).where(col(ApiKey.user_id) == user.id))


class ApiKeyRepository(Repository):
    async def create(
        self, user: User, name: str, digest: str, expires_at: datetime | None
    ) -> ApiKey:
        key = ApiKey(user_id=user.id, name=name, token=digest, expires_at=expires_at)
        self.session.add(key)
        await self.session.flush()
        return key

    async def page(self, user: User, limit: int, after: Id | None) -> Page[ApiKey]:
        keys = select(ApiKey).where(ApiKey.user_id == user.id)
        return await paginate(self.session, keys, limit, after)

    async def delete(self, user: User, key_id: Id) -> None:
        """Raises NotFound, also for a key of another user."""
        mine = (col(ApiKey.id) == key_id, col(ApiKey.user_id) == user.id)
        if (await self.session.exec(delete(ApiKey).where(*mine))).rowcount == 0:
            raise NotFound(f"There is no API key {key_id}.")

    async def record_use(self, key_id: Id) -> None:
        key = update(ApiKey).where(col(ApiKey.id) == key_id)
        await self.session.exec(key.values(last_used_at=now()))
