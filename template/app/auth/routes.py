"""Routes for registration, sign-in, sign-out and password reset."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response
from fastapi_users.authentication.transport.bearer import BearerResponse

from app.auth import key_routes, passwords, user_routes
from app.auth.csrf import check_origin
from app.auth.dependencies import CurrentUser, Manager, Users, cookie_transport
from app.auth.models import User, normalize_email
from app.auth.rate_limit import RateLimiter, limit_account, limit_client
from app.auth.schemas import Credentials, EmailOnly, PasswordReset, Registration, Token, UserRead
from app.auth.tokens import BearerTokens, SessionTokens
from app.http.problems import problems
from app.http.routing import PrefixRouter
from app.http.settings import SettingsDep

PROTECTION = [Depends(check_origin), Depends(limit_client)]
auth = PrefixRouter(
    prefix="/auth", tags=["auth"], dependencies=PROTECTION, responses=problems(403, 429)
)


async def signed_in_user(
    form: Annotated[Credentials, Form()], request: Request, manager: Manager
) -> User:
    await limit_account(request, normalize_email(form.username) or form.username)
    return await manager.sign_in(form.username, form.password)


SignedInUser = Annotated[User, Depends(signed_in_user)]


@auth.post("/jwt/login")
async def sign_in_with_bearer_token(
    user: SignedInUser, users: Users, settings: SettingsDep
) -> BearerResponse:
    """Sign in. Send the token in the header `Authorization: Bearer …`."""
    token = await BearerTokens(users, settings).write_token(user)
    return BearerResponse(access_token=token, token_type="bearer")


@auth.post("/session/login", status_code=204)
async def sign_in_with_cookie(user: SignedInUser, users: Users, settings: SettingsDep) -> Response:
    """Sign in with a cookie, which the response sets. This is for browsers."""
    token = await SessionTokens(users, settings).write_token(user)
    return await cookie_transport(settings).get_login_response(token)


@auth.post("/session/logout", status_code=204, responses=problems(401))
async def sign_out(
    request: Request, user: CurrentUser, users: Users, settings: SettingsDep
) -> Response:
    """End this session. Other sessions of the user remain valid."""
    token = request.cookies.get(settings.session_cookie, "")
    await SessionTokens(users, settings).destroy_token(token, user)
    return await cookie_transport(settings).get_logout_response()


@auth.post("/register", status_code=201, response_model=UserRead)
async def register(new: Registration, manager: Manager) -> User:
    """Create an account, and send a token to confirm its address."""
    return await manager.register(new.email, new.password)


@auth.post("/forgot-password", status_code=202)
async def forgot_password(body: EmailOnly, request: Request, manager: Manager) -> None:
    """Send a token to reset the password. The response is the same for an unknown address."""
    await limit_account(request, body.email)
    await manager.send_reset_token(body.email)


@auth.post("/reset-password")
async def reset_password(body: PasswordReset, manager: Manager) -> None:
    """Set a new password with a token. This ends all sessions and tokens of the user."""
    await manager.reset(body.token, body.password)


@auth.post("/request-verify-token", status_code=202)
async def request_verify_token(body: EmailOnly, request: Request, manager: Manager) -> None:
    """Send a token to confirm the address. The response is the same for an unknown address."""
    await limit_account(request, body.email)
    await manager.send_verify_token(body.email)


@auth.post("/verify", response_model=UserRead)
async def verify_email(body: Token, manager: Manager) -> User:
    """Confirm the address of an account with a token."""
    return await manager.confirm_email(body.token)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, RateLimiter]]:
    passwords.limiter.total_tokens = app.state.settings.password_hash_concurrency
    yield {"rate_limiter": RateLimiter(app.state.settings)}  # request.state.rate_limiter


router = APIRouter(lifespan=lifespan)
router.include_router(auth)
router.include_router(key_routes.router)
router.include_router(user_routes.router)


@router.post(
    "/users/confirm-email",
    response_model=UserRead,
    tags=["users"],
    dependencies=PROTECTION,
    responses=problems(403, 429),
)
async def confirm_new_email(body: Token, manager: Manager) -> User:
    """Change the address of an account with a token that was sent to the new address."""
    return await manager.change_email(body.token)
