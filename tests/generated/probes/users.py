"""Users for malicious requests: a superuser who sends them, and users that they are about."""

from uuid import uuid4

from app.auth import guards, mail, passwords
from app.auth.store import UserStore
from app.auth.tokens import BEARER, issue
from limits import parse
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel.ext.asyncio.session import AsyncSession

PASSWORD = "correct horse battery"
HOUR = 3600

guards.BY_ADDRESS = guards.BY_ACCOUNT = parse("1000000/second")
# Each hash takes milliseconds instead of a tenth of a second.
passwords.hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
HASHED = passwords.hasher.hash(PASSWORD)


async def fresh_users(session: AsyncSession) -> dict[str, object]:
    """Creates a superuser and a user. Returns their values, with the tokens that are sent by mail."""
    users = UserStore.of(session)
    superuser, user = [
        await users.create(
            {"email": f"{uuid4()}@example.com", "hashed_password": HASHED, "is_superuser": rank}
        )
        for rank in (True, False)
    ]
    reset, verify, new_address = (
        issue(user, letter.subject, HOUR, email=user.email, to=f"new-{user.email}")
        for letter in (mail.RESET, mail.VERIFY, mail.NEW_ADDRESS)
    )
    return {
        "authorization": f"Bearer {issue(superuser, BEARER, HOUR)}",
        "user_id": user.id,
        "username": user.email,
        "password": PASSWORD,
        "current_password": PASSWORD,
        "/auth/reset-password token": reset,
        "/auth/verify token": verify,
        "/users/confirm-email token": new_address,
    }
