"""How a request says who it is from: a bearer token, or a cookie. `CurrentUser` is the way in."""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, HTTPException, Request
from fastapi_users.authentication import AuthenticationBackend, Authenticator
from fastapi_users.authentication.transport import BearerTransport, CookieTransport

from app.auth.guards import same_site
from app.auth.manager import UserManager
from app.auth.models import User
from app.auth.settings import settings
from app.auth.store import SessionStore, UserStore
from app.auth.tokens import BearerTokens
from app.db.ids import Id

SECURE = settings.environment == "production"
COOKIE = "__Host-session" if SECURE else "session"
Users = Annotated[UserStore, Depends(UserStore.provide)]
Sessions = Annotated[SessionStore, Depends(SessionStore.provide)]


async def get_manager(users: Users, sessions: Sessions, tasks: BackgroundTasks) -> UserManager:
    return UserManager(users, sessions, tasks)


async def get_tokens(users: Users) -> BearerTokens:
    return BearerTokens(users)


Manager = Annotated[UserManager, Depends(get_manager)]
Tokens = Annotated[BearerTokens, Depends(get_tokens)]

bearer = AuthenticationBackend[User, Id]("bearer", BearerTransport("auth/jwt/login"), get_tokens)
transport = CookieTransport(COOKIE, settings.session_seconds, cookie_secure=SECURE)
cookie = AuthenticationBackend[User, Id]("cookie", transport, SessionStore.provide)
BACKENDS = [bearer, cookie]  # either can be left out

authenticator = Authenticator[User, Id](BACKENDS, get_manager)
known_user = authenticator.current_user_token(optional=True, active=True)
Known = Annotated[tuple[User | None, str | None], Depends(known_user)]


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
