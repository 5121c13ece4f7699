"""Users for malicious requests: a superuser who sends them, and users that they are about."""

from datetime import timedelta
from uuid import uuid4

from app.auth import mail, passwords, rate_limit
from app.auth.repository import ApiKeyRepository, UserRepository
from app.auth.settings import AuthSettings
from app.auth.tokens import BEARER, TokenSigner
from app.db.models import now
from limits import parse
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel.ext.asyncio.session import AsyncSession

PASSWORD = "correct horse battery"
HOUR = 3600

rate_limit.PER_CLIENT = rate_limit.PER_ACCOUNT = parse("1000000/second")
# Each hash takes milliseconds instead of a tenth of a second.
passwords.hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
HASHED = passwords.hasher.hash(PASSWORD)


async def fresh_users(session: AsyncSession, settings: AuthSettings) -> dict[str, object]:
    """Creates a superuser and a user. Returns their values, with the tokens that are sent by mail."""
    users, signer = UserRepository.from_session(session), TokenSigner(settings)
    superuser, user = [
        await users.create(
            {"email": f"{uuid4()}@example.com", "hashed_password": HASHED, "is_superuser": rank}
        )
        for rank in (True, False)
    ]
    reset, verify, new_address = (
        signer.sign(user, letter.purpose, HOUR, email=user.email, to=f"new-{user.email}")
        for letter in (mail.RESET, mail.VERIFY, mail.NEW_EMAIL)
    )
    keys = ApiKeyRepository.from_session(session)
    key = await keys.create(superuser, "of the superuser", uuid4().hex, None)
    return {
        "authorization": f"Bearer {signer.sign(superuser, BEARER, HOUR)}",
        "user_id": user.id,
        "key_id": key.id,
        "expires_at": (now() + timedelta(days=1)).isoformat(),
        "username": user.email,
        "password": PASSWORD,
        "current_password": PASSWORD,
        "/auth/reset-password token": reset,
        "/auth/verify token": verify,
        "/users/confirm-email token": new_address,
    }
