"""Signing up, in and out, and without the password."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi_users.authentication.transport.bearer import BearerResponse

from app.auth.backends import COOKIE, CurrentUser, Manager, Sessions, Tokens, bearer, cookie
from app.auth.guards import same_site, throttle, throttle_account
from app.auth.models import User, normal_email
from app.auth.schemas import Credentials, EmailOnly, PasswordReset, Registration, Token, UserRead
from app.auth.users import users
from app.errors import problems

GUARDS = [Depends(same_site), Depends(throttle)]
auth = APIRouter(tags=["auth"], dependencies=GUARDS, responses=problems(403, 429))
Login = Annotated[Credentials, Form()]


async def signed_in(form: Login, request: Request, manager: Manager) -> User:
    await throttle_account(request, normal_email(form.username) or form.username)
    if (user := await manager.sign_in(form.username, form.password)) is None:
        raise HTTPException(400, "The e-mail or the password is wrong.")
    return user


SignedIn = Annotated[User, Depends(signed_in)]


@auth.post("/auth/jwt/login", response_model=BearerResponse)
async def sign_in_for_a_token(user: SignedIn, tokens: Tokens) -> Response:
    return await bearer.login(tokens, user)


@auth.post("/auth/session/login", status_code=204)
async def sign_in_for_a_cookie(user: SignedIn, sessions: Sessions) -> Response:
    return await cookie.login(sessions, user)


@auth.post("/auth/session/logout", status_code=204, responses=problems(401))
async def sign_out(request: Request, user: CurrentUser, sessions: Sessions) -> Response:
    token = request.cookies.get(COOKIE, "")  # of this session, and no other
    return await cookie.logout(sessions, user, token)


@auth.post("/auth/register", status_code=201, response_model=UserRead)
async def register(new: Registration, manager: Manager) -> User:
    return await manager.register(new.email, new.password)


@auth.post("/auth/forgot-password", status_code=202)
async def forgot_password(body: EmailOnly, request: Request, manager: Manager) -> None:
    """The answer is the same for an address without an account."""
    await throttle_account(request, body.email)
    await manager.forgot(body.email)


@auth.post("/auth/reset-password")
async def reset_password(body: PasswordReset, manager: Manager) -> None:
    await manager.reset(body.token, body.password)


@auth.post("/auth/request-verify-token", status_code=202)
async def request_verify_token(body: EmailOnly, request: Request, manager: Manager) -> None:
    """The answer is the same for an address without an account."""
    await throttle_account(request, body.email)
    await manager.ask_to_verify(body.email)


@auth.post("/auth/verify", response_model=UserRead)
async def verify(body: Token, manager: Manager) -> User:
    return await manager.confirm(body.token)


@auth.post("/users/confirm-email", response_model=UserRead)
async def confirm_email(body: Token, manager: Manager) -> User:
    return await manager.change_email(body.token)


router = APIRouter()
router.include_router(auth)
router.include_router(users)
