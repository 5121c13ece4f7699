"""Signed tokens: each is good for one purpose, for some time, and until the password changes."""

import hashlib
import hmac
from typing import Any

import jwt
from fastapi_users.authentication.strategy import Strategy
from jwt.types import Options
from pydantic import TypeAdapter

from app.auth.models import User
from app.auth.settings import settings
from app.auth.store import UserStore
from app.db.ids import Id
from app.db.models import now

ID: TypeAdapter[Id] = TypeAdapter(Id)
ALGORITHM = "HS256"
BEARER = "bearer"


def secret() -> str:
    return settings.secret_key.get_secret_value()


def fingerprint(hashed_password: str) -> str:
    """Changes with the password; in a token, it ends the token with the password."""
    digest = hmac.new(secret().encode(), hashed_password.encode(), hashlib.sha256)
    return digest.hexdigest()[:32]


def issue(user: User, purpose: str, seconds: int, **more: str) -> str:
    claims = {
        "sub": str(user.id),
        "aud": purpose,
        "exp": int(now().timestamp()) + seconds,
        "fp": fingerprint(user.hashed_password),
        **more,
    }
    return jwt.encode(claims, secret(), ALGORITHM)


async def redeem(
    token: str, purpose: str, users: UserStore, *more: str
) -> tuple[User | None, dict[str, Any]]:
    """The active user that it was issued to, and what else it says; None for no good token."""
    options: Options = {"require": ["exp", "fp", "sub", *more]}
    try:
        claims = jwt.decode(token, secret(), [ALGORITHM], options, audience=purpose)
        user = await users.get(ID.validate_python(claims["sub"]))
    except (jwt.PyJWTError, ValueError):  # ValueError: an odd id, or half a surrogate pair
        return None, {}
    good = user and user.is_active and claims["fp"] == fingerprint(user.hashed_password)
    return user if good else None, claims


class BearerTokens(Strategy[User, Id]):
    """Without a table: a token ends with its time, or with the password it was given for."""

    def __init__(self, users: UserStore) -> None:
        self.users = users

    async def write_token(self, user: User) -> str:
        return issue(user, BEARER, settings.bearer_seconds)

    async def read_token(self, token: str | None, user_manager: object) -> User | None:
        user, _ = await redeem(token or "", BEARER, self.users)
        return user

    async def destroy_token(self, token: str, user: User) -> None:
        """There is nothing to forget."""
