"""Signed tokens for bearer authentication and mail, and random tokens for cookie sessions."""

import hashlib
import hmac
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

import jwt
from fastapi_users.authentication.strategy import Strategy
from jwt.types import Options
from pydantic import TypeAdapter

from app.auth.models import User
from app.auth.repository import UserRepository
from app.auth.settings import AuthSettings
from app.db.ids import Id
from app.db.models import now

ID: TypeAdapter[Id] = TypeAdapter(Id)
ALGORITHM = "HS256"
BEARER = "bearer"


class TokenSigner:
    """Signs and verifies tokens for a purpose, valid until they expire or the password changes."""

    def __init__(self, settings: AuthSettings) -> None:
        self.secret = settings.secret_key.get_secret_value()

    def fingerprint(self, user: User) -> str:
        """A digest in each token. It changes with the password, which invalidates the token."""
        digest = hmac.new(self.secret.encode(), user.hashed_password.encode(), hashlib.sha256)
        return digest.hexdigest()[:32]

    def sign(self, user: User, purpose: str, seconds: int, **more: str) -> str:
        claims = {
            "sub": str(user.id),
            "aud": purpose,
            "exp": int(now().timestamp()) + seconds,
            "fp": self.fingerprint(user),
            **more,
        }
        return jwt.encode(claims, self.secret, ALGORITHM)

    async def verify(
        self, token: str, purpose: str, users: UserRepository, *more: str
    ) -> tuple[User | None, dict[str, Any]]:
        """The active user of the token, or None, and the claims of the token."""
        options: Options = {"require": ["exp", "fp", "sub", *more]}
        try:
            claims = jwt.decode(token, self.secret, [ALGORITHM], options, audience=purpose)
            user = await users.get(ID.validate_python(claims["sub"]))
        except (jwt.PyJWTError, ValueError):  # ValueError: not an id, or a lone surrogate
            return None, {}
        valid = user and user.is_active and claims["fp"] == self.fingerprint(user)
        return user if valid else None, claims


class BearerTokens(Strategy[User, Id]):
    """Bearer tokens. They are not stored."""

    def __init__(self, users: UserRepository, settings: AuthSettings) -> None:
        self.users, self.settings = users, settings
        self.signer = TokenSigner(settings)

    async def write_token(self, user: User) -> str:
        return self.signer.sign(user, BEARER, self.settings.bearer_seconds)

    async def read_token(self, token: str | None, user_manager: object = None) -> User | None:
        if token is None:
            return None
        user, _ = await self.signer.verify(token, BEARER, self.users)
        return user

    async def destroy_token(self, token: str, user: User) -> None:
        """Do nothing: bearer tokens are not stored."""


class SessionTokens(Strategy[User, Id]):
    """Tokens of cookie sessions. A digest is stored, and the token is valid until it is deleted."""

    def __init__(self, users: UserRepository, settings: AuthSettings) -> None:
        self.users, self.settings = users, settings

    async def write_token(self, user: User) -> str:
        token = token_urlsafe()
        expires_at = now() + timedelta(seconds=self.settings.session_seconds)
        await self.users.create_session(user, digest(token), expires_at)
        return token

    async def read_token(self, token: str | None, user_manager: object = None) -> User | None:
        return await self.users.get_by_session(digest(token)) if token else None

    async def destroy_token(self, token: str, user: User) -> None:
        await self.users.delete_session(digest(token))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
