"""How a request says who it is from: a bearer token, or a cookie. `CurrentUser` is the way in."""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, HTTPException, Request
from fastapi_users import BaseUserManager
from fastapi_users.authentication import (
    AuthenticationBackend,
    Authenticator,
    BearerTransport,
    CookieTransport,
    JWTStrategy,
)
from fastapi_users.authentication.strategy.db import DatabaseStrategy

from app.auth.guards import same_site
from app.auth.manager import UserManager
from app.auth.models import User, UserSession
from app.auth.settings import settings
from app.auth.store import SessionStore, UserStore
from app.auth.tokens import issue, redeem
from app.db.ids import Id

SECURE = settings.environment == "production"
COOKIE = "__Host-session" if SECURE else "session"
Sessions = Annotated[SessionStore, Depends(SessionStore.provide)]


async def get_manager(
    users: Annotated[UserStore, Depends(UserStore.provide)],
    sessions: Sessions,
    tasks: BackgroundTasks,
) -> UserManager:
    return UserManager(users, sessions, tasks)


class BearerTokens(JWTStrategy[User, Id]):
    """A token that ends with the password it was given for, besides ending with its time."""

    async def write_token(self, user: User) -> str:
        return issue(user, "bearer", settings.bearer_seconds)

    async def read_token(
        self, token: str | None, user_manager: BaseUserManager[User, Id]
    ) -> User | None:
        assert isinstance(user_manager, UserManager)
        user, _ = await redeem(token or "", "bearer", user_manager.users)
        return user


async def bearer_tokens() -> BearerTokens:
    return BearerTokens(settings.secret_key, settings.bearer_seconds)


async def cookie_sessions(sessions: Sessions) -> DatabaseStrategy[User, Id, UserSession]:
    return DatabaseStrategy(sessions, settings.session_seconds)


bearer = AuthenticationBackend[User, Id]("bearer", BearerTransport("auth/jwt/login"), bearer_tokens)
cookie = AuthenticationBackend[User, Id](
    "cookie",
    CookieTransport(COOKIE, settings.session_seconds, cookie_secure=SECURE),
    cookie_sessions,
)
BACKENDS = [bearer, cookie]  # either can be left out

authenticator = Authenticator[User, Id](BACKENDS, get_manager)
Known = Annotated[
    tuple[User | None, str | None],
    Depends(authenticator.current_user_token(optional=True, active=True)),
]


async def current_user(request: Request, known: Known) -> User:
    user, token = known
    if user is None:
        raise HTTPException(401, "Sign in first.", {"WWW-Authenticate": "Bearer"})
    if token == request.cookies.get(COOKIE):
        await same_site(request)  # a cookie comes along also from another site's page
    return user


CurrentUser = Annotated[User, Depends(current_user)]


async def current_superuser(user: CurrentUser) -> User:
    if not user.is_superuser:
        raise HTTPException(403, "Only superusers may do this.")
    return user


CurrentSuperuser = Annotated[User, Depends(current_superuser)]
Manager = Annotated[UserManager, Depends(get_manager)]
