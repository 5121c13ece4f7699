"""Operations on users: registration, sign-in, and changes of the password and e-mail address."""

from typing import Self

from fastapi import BackgroundTasks
from fastapi_users import BaseUserManager
from sqlmodel.ext.asyncio.session import AsyncSession

from app.auth import mail
from app.auth.errors import BadToken, PasswordChanged, WrongCredentials, WrongPassword
from app.auth.models import User
from app.auth.passwords import check_policy, hash_password, verify_password
from app.auth.repository import UserRepository
from app.auth.settings import AuthSettings
from app.auth.tokens import TokenSigner
from app.db.database import TransactionConflict
from app.db.ids import Id


class UserManager(BaseUserManager[User, Id]):
    """Each method is an operation. The `on_after_...` hooks of fastapi-users are not called."""

    def __init__(
        self, users: UserRepository, tasks: BackgroundTasks, settings: AuthSettings
    ) -> None:
        super().__init__(users)
        self.users, self.tasks = users, tasks
        self.settings, self.signer = settings, TokenSigner(settings)

    @classmethod
    def from_session(cls, session: AsyncSession, settings: AuthSettings) -> Self:
        """Create a manager outside a request. It sends no mail."""
        return cls(UserRepository.from_session(session), BackgroundTasks(), settings)

    async def sign_in(self, email: str, password: str) -> User:
        """Raises WrongCredentials. An unknown address takes as long as a wrong password."""
        user = await self.users.get_by_email(email)
        right, new_hash = await self.verify_password(user, password)
        if user is None or not right or not user.is_active:
            raise WrongCredentials
        hashed = new_hash or user.hashed_password
        if not await self.users.replace_password(user, hashed):
            raise TransactionConflict  # the password has changed since, which ended all sessions
        return user

    async def verify_password(self, user: User | None, password: str) -> tuple[bool, str | None]:
        await self.users.release_connection()  # hashing waits for a free thread
        return await verify_password(password, user.hashed_password if user else None)

    async def confirm_password(self, user: User, password: str) -> None:
        """Raises WrongPassword."""
        right, _ = await self.verify_password(user, password)
        if not right:
            raise WrongPassword

    async def register(self, email: str, password: str, **flags: bool) -> User:
        """Raises WeakPassword or EmailTaken."""
        check_policy(password, email, self.settings.password_min_length)
        hashed = await hash_password(password)  # first: a taken address must take just as long
        user = await self.users.create({"email": email, "hashed_password": hashed, **flags})
        if not user.is_verified:
            self.send_token(mail.VERIFY, user)
        return user

    async def set_password(self, user: User, password: str) -> None:
        """End every session, token and API key of the user.

        Raises WeakPassword or PasswordChanged.
        """
        check_policy(password, user.email, self.settings.password_min_length)
        await self.users.release_connection()
        if not await self.users.replace_password(user, await hash_password(password)):
            raise PasswordChanged
        await self.users.delete_sessions(user)
        await self.users.delete_keys(user)
        self.send(mail.PASSWORD_CHANGED, user.email)

    async def send_reset_token(self, email: str) -> None:
        user = await self.users.get_by_email(email)
        if user is not None and user.is_active:
            self.send_token(mail.RESET, user)

    async def reset(self, token: str, password: str) -> None:
        """Raises BadToken or WeakPassword."""
        user, _ = await self.read_token(mail.RESET, token)
        try:
            await self.set_password(user, password)
        except PasswordChanged:
            raise BadToken from None  # a concurrent request has used it

    async def send_verify_token(self, email: str) -> None:
        user = await self.users.get_by_email(email)
        if user is not None and user.is_active and not user.is_verified:
            self.send_token(mail.VERIFY, user)

    async def confirm_email(self, token: str) -> User:
        """Raises BadToken."""
        user, _ = await self.read_token(mail.VERIFY, token)
        if user.is_verified:
            raise BadToken
        return await self.users.update(user, {"is_verified": True})

    async def change_email(self, token: str) -> User:
        """Raises BadToken or EmailTaken."""
        user, new = await self.read_token(mail.NEW_EMAIL, token)
        old = user.email
        changed = await self.users.update(user, {"email": new, "is_verified": True})
        self.send(mail.EMAIL_CHANGED, old)
        return changed

    def send_token(self, letter: mail.Letter, user: User, to: str | None = None) -> None:
        """Send a token by mail. It also becomes invalid when the user's address changes."""
        address = to or user.email
        seconds = letter.minutes * 60
        token = self.signer.sign(user, letter.purpose, seconds, email=user.email, to=address)
        self.send(letter, address, token)

    def send(self, letter: mail.Letter, to: str, token: str = "") -> None:
        self.tasks.add_task(mail.send, self.settings, letter, to, token)

    async def read_token(self, letter: mail.Letter, token: str) -> tuple[User, str]:
        """The user of the token, and the address that it was sent to. Raises BadToken."""
        user, claims = await self.signer.verify(token, letter.purpose, self.users, "email", "to")
        if user is None or claims["email"] != user.email:
            raise BadToken
        return user, str(claims["to"])
