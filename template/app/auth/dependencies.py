"""Authentication with a bearer token or a session cookie. `CurrentUser` requires one of them."""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.requests import HTTPConnection
from fastapi.security import APIKeyCookie
from fastapi_users.authentication import AuthenticationBackend, Authenticator
from fastapi_users.authentication.transport import BearerTransport, CookieTransport

from app.auth.csrf import check_same_site
from app.auth.errors import NotSignedIn, SuperuserRequired
from app.auth.manager import UserManager
from app.auth.models import User
from app.auth.repository import SessionRepository, UserRepository
from app.auth.settings import AuthSettings
from app.auth.tokens import BearerTokens, SessionTokens
from app.db.ids import Id


async def get_settings(request: Request) -> AuthSettings:
    settings: AuthSettings = request.state.settings
    return settings


SettingsDep = Annotated[AuthSettings, Depends(get_settings)]
Users = Annotated[UserRepository, Depends(UserRepository.provide)]
Sessions = Annotated[SessionRepository, Depends(SessionRepository.provide)]


async def get_manager(
    users: Users, sessions: Sessions, tasks: BackgroundTasks, settings: SettingsDep
) -> UserManager:
    return UserManager(users, sessions, tasks, settings)


async def get_bearer_tokens(users: Users, settings: SettingsDep) -> BearerTokens:
    return BearerTokens(users, settings)


async def get_session_tokens(sessions: Sessions, settings: SettingsDep) -> SessionTokens:
    return SessionTokens(sessions, settings)


Manager = Annotated[UserManager, Depends(get_manager)]


class SessionCookie(APIKeyCookie):
    """The security scheme of the session cookie. Its name depends on the settings."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        return request.cookies.get(request.state.settings.session_cookie)


def cookie_transport(settings: AuthSettings) -> CookieTransport:
    """Return the transport that sets and deletes the session cookie."""
    name, seconds = settings.session_cookie, settings.session_seconds
    return CookieTransport(name, seconds, cookie_secure=settings.production)


session_cookie = CookieTransport("session")
session_cookie.scheme = SessionCookie(name="session", description="`__Host-session` in production")
bearer = AuthenticationBackend[User, Id](
    "bearer", BearerTransport("auth/jwt/login"), get_bearer_tokens
)
cookie = AuthenticationBackend[User, Id]("cookie", session_cookie, get_session_tokens)
BACKENDS = [bearer, cookie]  # you can remove either one

authenticator = Authenticator[User, Id](BACKENDS, get_manager)
find_user = authenticator.current_user_token(optional=True, active=True)
FoundUser = Annotated[tuple[User | None, str | None], Depends(find_user)]


async def current_user(request: Request, found: FoundUser, settings: SettingsDep) -> User:
    user, token = found
    if user is None:
        raise NotSignedIn
    if token == request.cookies.get(settings.session_cookie):
        await check_same_site(request)  # browsers also send cookies with cross-site requests
    return user


CurrentUser = Annotated[User, Depends(current_user)]


async def current_superuser(user: CurrentUser) -> User:
    if not user.is_superuser:
        raise SuperuserRequired
    return user


CurrentSuperuser = Annotated[User, Depends(current_superuser)]
