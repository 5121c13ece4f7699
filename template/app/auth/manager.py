"""What may happen to a user: fastapi-users' manager, with the slow and the risky parts replaced."""

from typing import Self

from fastapi import BackgroundTasks, HTTPException
from fastapi_users import BaseUserManager
from sqlmodel.ext.asyncio.session import AsyncSession

from app.auth import mail
from app.auth.models import User
from app.auth.passwords import check_policy, hash_password, verify_password
from app.auth.store import SessionStore, UserStore
from app.auth.tokens import issue, redeem
from app.db.database import TransactionConflict
from app.db.ids import Id


class BadToken(HTTPException):
    def __init__(self) -> None:
        super().__init__(400, "The token is wrong, used or too old.")


class UserManager(BaseUserManager[User, Id]):
    def __init__(self, users: UserStore, sessions: SessionStore, tasks: BackgroundTasks) -> None:
        super().__init__(users)
        self.users, self.sessions, self.tasks = users, sessions, tasks

    @classmethod
    def of(cls, session: AsyncSession) -> Self:
        """Outside a request, where no mail goes out."""
        return cls(UserStore.of(session), SessionStore.of(session), BackgroundTasks())

    async def sign_in(self, email: str, password: str) -> User | None:
        """The active user of these credentials; an unknown one costs the same."""
        user = await self.users.get_by_email(email)
        right, newer = await self.check(user, password)
        if user is None or not right or not user.is_active:
            return None
        newest = newer or user.hashed_password
        if not await self.users.replace_password(user, newest):
            raise TransactionConflict  # it changed meanwhile, which has ended all sessions
        user.hashed_password = newest
        return user

    async def check(self, user: User | None, password: str) -> tuple[bool, str | None]:
        await self.users.release()  # hashing queues, and a connection would queue with it
        return await verify_password(password, user.hashed_password if user else None)

    async def confirm_password(self, user: User, password: str) -> None:
        right, _ = await self.check(user, password)
        if not right:
            raise HTTPException(400, "The password is wrong.")

    async def register(self, email: str, password: str, **flags: bool) -> User:
        check_policy(password, email)
        hashed = await hash_password(password)  # first, so that a taken address costs the same
        user = await self.users.create({"email": email, "hashed_password": hashed, **flags})
        if not user.is_verified:
            self.send_token(mail.VERIFY, user)
        return user

    async def set_password(self, user: User, password: str) -> None:
        """Ends every session and token of the user. Raises 400 when another change came first."""
        check_policy(password, user.email)
        await self.users.release()
        if not await self.users.replace_password(user, await hash_password(password)):
            raise BadToken
        await self.sessions.delete_of(user)
        self.tasks.add_task(mail.send, mail.PASSWORD_CHANGED, user.email)

    async def forgot(self, email: str) -> None:
        user = await self.users.get_by_email(email)
        if user is not None and user.is_active:
            self.send_token(mail.RESET, user)

    async def reset(self, token: str, password: str) -> None:
        user, _ = await self.read_token(mail.RESET, token)
        await self.set_password(user, password)

    async def ask_to_verify(self, email: str) -> None:
        user = await self.users.get_by_email(email)
        if user is not None and user.is_active and not user.is_verified:
            self.send_token(mail.VERIFY, user)

    async def confirm(self, token: str) -> User:
        user, _ = await self.read_token(mail.VERIFY, token)
        if user.is_verified:
            raise BadToken
        return await self.users.update(user, {"is_verified": True})

    async def change_email(self, token: str) -> User:
        user, new = await self.read_token(mail.NEW_ADDRESS, token)
        old = user.email
        changed = await self.users.update(user, {"email": new, "is_verified": True})
        self.tasks.add_task(mail.send, mail.ADDRESS_CHANGED, old)
        return changed

    def send_token(self, letter: mail.Letter, user: User, to: str | None = None) -> None:
        """A token that ends with the address, too."""
        address = to or user.email
        seconds = letter.minutes * 60
        token = issue(user, letter.subject, seconds, email=user.email, to=address)
        self.tasks.add_task(mail.send, letter, address, token)

    async def read_token(self, letter: mail.Letter, token: str) -> tuple[User, str]:
        """The user that it was made for, and where it was sent. Raises 400."""
        user, claims = await redeem(token, letter.subject, self.users, "email", "to")
        if user is None or claims["email"] != user.email:
            raise BadToken
        return user, str(claims["to"])
