"""Authentication with a bearer token, an API key or a session cookie.

`CurrentUser` requires one of them.
"""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyCookie, OAuth2PasswordBearer
from fastapi_users.authentication.transport import CookieTransport

from app.auth import api_keys
from app.auth.csrf import check_origin
from app.auth.errors import EmailNotVerified, NotSignedIn, SuperuserRequired
from app.auth.manager import UserManager
from app.auth.models import User
from app.auth.repository import UserRepository
from app.auth.settings import AuthSettings
from app.auth.tokens import BearerTokens, SessionTokens
from app.http.settings import SettingsDep

Users = Annotated[UserRepository, Depends(UserRepository.provide)]


async def get_manager(users: Users, tasks: BackgroundTasks, settings: SettingsDep) -> UserManager:
    return UserManager(users, tasks, settings)


Manager = Annotated[UserManager, Depends(get_manager)]


class SessionCookie(APIKeyCookie):
    """The security scheme of the session cookie. Its name depends on the settings."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        return request.cookies.get(request.state.settings.session_cookie)


def cookie_transport(settings: AuthSettings) -> CookieTransport:
    """Return the transport that sets and deletes the session cookie."""
    name, seconds = settings.session_cookie, settings.session_seconds
    return CookieTransport(name, seconds, cookie_secure=settings.production)


bearer = OAuth2PasswordBearer("auth/jwt/login", auto_error=False)
session_cookie = SessionCookie(name="session", description="`__Host-session` in production")


async def session_user(request: Request, users: Users, token: str | None) -> User | None:
    """The user of a session cookie. Raises CrossSiteRequest."""
    user = await SessionTokens(users, request.state.settings).read_token(token)
    if user is not None:
        await check_origin(request)  # browsers also send cookies with cross-site requests
    return user


async def optional_user(
    request: Request,
    users: Users,
    tasks: BackgroundTasks,
    token: Annotated[str | None, Depends(bearer)],
    cookie: Annotated[str | None, Depends(session_cookie)],
) -> User | None:
    """The active user of the first valid token. Raises CrossSiteRequest.

    Each line with `await` is a way to sign in. To remove one, remove its line.
    """
    user: User | None = None
    user = user or await api_keys.read_key(token, users, request.state.db, tasks)
    user = user or await BearerTokens(users, request.state.settings).read_token(token)
    user = user or await session_user(request, users, cookie)
    return user


OptionalUser = Annotated[User | None, Depends(optional_user)]


async def current_user(user: OptionalUser) -> User:
    if user is None:
        raise NotSignedIn
    return user


CurrentUser = Annotated[User, Depends(current_user)]


async def current_verified_user(user: CurrentUser) -> User:
    if not user.is_verified:
        raise EmailNotVerified
    return user


CurrentVerifiedUser = Annotated[User, Depends(current_verified_user)]


async def current_superuser(user: CurrentUser) -> User:
    if not user.is_superuser:
        raise SuperuserRequired
    return user


CurrentSuperuser = Annotated[User, Depends(current_superuser)]
