"""Signing in and out, and what one does with one's own account."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi_users.authentication.strategy.db import DatabaseStrategy

from app.auth import mail
from app.auth.backends import (
    COOKIE,
    BearerTokens,
    CurrentUser,
    Manager,
    bearer_tokens,
    cookie,
    cookie_sessions,
)
from app.auth.guards import same_site, throttle
from app.auth.models import (
    BearerToken,
    Credentials,
    EmailChange,
    EmailOnly,
    PasswordChange,
    PasswordReset,
    Registration,
    Token,
    User,
    UserRead,
    UserSession,
)
from app.auth.users import users
from app.db.ids import Id
from app.errors import problems

BAD_CREDENTIALS = "The e-mail or the password is wrong."

auth = APIRouter(
    prefix="/auth", tags=["auth"], dependencies=[Depends(same_site)], responses=problems(403, 429)
)
me = APIRouter(prefix="/users", tags=["users"], responses=problems(401, 403))
Login = Annotated[Credentials, Form()]


async def signed_in(form: Login, request: Request, manager: Manager) -> User:
    await throttle(request, form.username.lower())
    if (user := await manager.sign_in(form.username, form.password)) is None:
        raise HTTPException(400, BAD_CREDENTIALS)
    return user


SignedIn = Annotated[User, Depends(signed_in)]


@auth.post("/jwt/login")
async def sign_in_for_a_token(
    user: SignedIn, tokens: Annotated[BearerTokens, Depends(bearer_tokens)]
) -> BearerToken:
    return BearerToken(access_token=await tokens.write_token(user))


Strategy = Annotated[DatabaseStrategy[User, Id, UserSession], Depends(cookie_sessions)]


@auth.post("/session/login", status_code=204, response_class=Response)
async def sign_in_for_a_cookie(user: SignedIn, sessions: Strategy) -> Response:
    return await cookie.login(sessions, user)


@auth.post("/session/logout", status_code=204, response_class=Response, responses=problems(401))
async def sign_out(request: Request, user: CurrentUser, sessions: Strategy) -> Response:
    token = request.cookies.get(COOKIE, "")  # of this session, and no other
    return await cookie.logout(sessions, user, token)


@auth.post("/register", status_code=201, response_model=UserRead)
async def register(new: Registration, request: Request, manager: Manager) -> User:
    await throttle(request)
    return await manager.register(new.email, new.password)


@auth.post("/forgot-password", status_code=202)
async def forgot_password(body: EmailOnly, request: Request, manager: Manager) -> None:
    """The answer is the same for an address without an account."""
    await throttle(request, body.email)
    await manager.forgot(body.email)


@auth.post("/reset-password")
async def reset_password(body: PasswordReset, request: Request, manager: Manager) -> None:
    await throttle(request)
    await manager.reset(body.token, body.password)


@auth.post("/request-verify-token", status_code=202)
async def request_verify_token(body: EmailOnly, request: Request, manager: Manager) -> None:
    """The answer is the same for an address without an account."""
    await throttle(request, body.email)
    await manager.ask_to_verify(body.email)


@auth.post("/verify", response_model=UserRead)
async def verify(body: Token, request: Request, manager: Manager) -> User:
    await throttle(request)
    return await manager.confirm(body.token)


@me.get("/me", response_model=UserRead)
async def read_me(user: CurrentUser) -> User:
    return user


@me.post("/me/password", status_code=204, responses=problems(429))
async def change_password(
    body: PasswordChange, user: CurrentUser, request: Request, manager: Manager
) -> None:
    """Ends all sessions and tokens, this one too."""
    await confirm_password(body.current_password, user, request, manager)
    await manager.set_password(user, body.new_password)


@me.post("/me/email", status_code=202, responses=problems(429))
async def change_email(
    body: EmailChange, user: CurrentUser, request: Request, manager: Manager
) -> None:
    """The address changes when the token that is sent to the new one comes back."""
    await confirm_password(body.current_password, user, request, manager)
    manager.send_token(mail.NEW_ADDRESS, user, to=body.email)


@me.post("/confirm-email", response_model=UserRead, responses=problems(429))
async def confirm_email(body: Token, request: Request, manager: Manager) -> User:
    await throttle(request)
    return await manager.change_email(body.token)


@me.delete("/me/sessions", status_code=204)
async def sign_out_everywhere(user: CurrentUser, manager: Manager) -> None:
    """Ends all sessions by cookie; a bearer token ends with its hour, or with the password."""
    await manager.sessions.delete_of(user)


async def confirm_password(password: str, user: User, request: Request, manager: Manager) -> None:
    await throttle(request, user.email)
    right, _ = await manager.check(user, password)
    if not right:
        raise HTTPException(400, BAD_CREDENTIALS)


router = APIRouter()
router.include_router(auth)
router.include_router(me)
router.include_router(users)
