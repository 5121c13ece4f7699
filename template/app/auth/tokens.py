"""Signed tokens: each is good for one purpose, for some time, and until the password changes."""

from typing import Any

import jwt
from pydantic import TypeAdapter

from app.auth.models import User
from app.auth.passwords import fingerprint
from app.auth.settings import settings
from app.auth.store import UserStore
from app.db.ids import Id
from app.db.models import now

ID: TypeAdapter[Id] = TypeAdapter(Id)
ALGORITHM = "HS256"


def issue(user: User, purpose: str, seconds: int, **more: str) -> str:
    claims = {
        "sub": str(user.id),
        "aud": purpose,
        "exp": int(now().timestamp()) + seconds,
        "fp": fingerprint(user.hashed_password),
        **more,
    }
    return jwt.encode(claims, settings.secret_key.get_secret_value(), ALGORITHM)


async def redeem(token: str, purpose: str, users: UserStore) -> tuple[User | None, dict[str, Any]]:
    """The active user that it was issued to, and what else it says; None for no good token."""
    try:
        claims = jwt.decode(
            token,
            settings.secret_key.get_secret_value(),
            [ALGORITHM],
            options={"require": ["exp", "fp", "sub"]},
            audience=purpose,
        )
        user = await users.get(ID.validate_python(claims["sub"]))
    except (jwt.PyJWTError, ValueError):  # ValueError: an odd id, or half a surrogate pair
        return None, {}
    good = user and user.is_active and claims["fp"] == fingerprint(user.hashed_password)
    return user if good else None, claims
