"""Routes for users to manage their own account, and for superusers to manage all accounts."""

from typing import Annotated

from fastapi import Depends, Request

from app.auth import mail
from app.auth.dependencies import CurrentSuperuser, CurrentUser, Manager, Users
from app.auth.errors import OwnAccount
from app.auth.models import User
from app.auth.rate_limit import limit_account
from app.auth.schemas import EmailChange, PasswordChange, UserRead, UserUpdate
from app.db.ids import Id
from app.errors import NotFound
from app.http.pages import Limit, Page
from app.http.problems import problems
from app.http.routing import PrefixRouter

router = PrefixRouter(prefix="/users", tags=["users"], responses=problems(401, 403))


@router.get("/me", response_model=UserRead)  # before /users/{user_id}
async def read_current_user(user: CurrentUser) -> User:
    """Read the account of the user who is signed in."""
    return user


async def rate_limited_user(user: CurrentUser, request: Request) -> User:
    await limit_account(request, user.email)
    return user


RateLimitedUser = Annotated[User, Depends(rate_limited_user)]


@router.post("/me/password", status_code=204, responses=problems(409, 429))
async def change_password(body: PasswordChange, user: RateLimitedUser, manager: Manager) -> None:
    """Change the password. This ends all sessions and tokens of the user, including this one."""
    await manager.confirm_password(user, body.current_password)
    await manager.set_password(user, body.new_password)


@router.post("/me/email", status_code=202, responses=problems(429))
async def change_email(body: EmailChange, user: RateLimitedUser, manager: Manager) -> None:
    """Send a token to the new address. Confirming it changes the address of the account."""
    await manager.confirm_password(user, body.current_password)
    manager.send_token(mail.NEW_EMAIL, user, to=body.email)


@router.delete("/me/sessions", status_code=204)
async def sign_out_everywhere(user: CurrentUser, users: Users) -> None:
    """End all cookie sessions. Bearer tokens remain valid until they expire."""
    await users.delete_sessions(user)


async def existing_user(user_id: Id, users: Users, _: CurrentSuperuser) -> User:
    if (user := await users.get(user_id)) is None:
        raise NotFound(f"There is no user {user_id}.")
    return user


ExistingUser = Annotated[User, Depends(existing_user)]


async def another_user(user: ExistingUser, superuser: CurrentSuperuser) -> User:
    if user.id == superuser.id:
        raise OwnAccount
    return user


AnotherUser = Annotated[User, Depends(another_user)]


@router.get("", response_model=Page[UserRead])
async def list_users(
    users: Users, _: CurrentSuperuser, limit: Limit = 50, after: Id | None = None
) -> Page[User]:
    """List users, ordered by id."""
    return await users.page(limit, after)


@router.get("/{user_id}", response_model=UserRead, responses=problems(404))
async def read_user(user: ExistingUser) -> User:
    """Read a user."""
    return user


@router.patch("/{user_id}", response_model=UserRead, responses=problems(404, 409))
async def update_user(user: AnotherUser, change: UserUpdate, users: Users) -> User:
    """Change a user. Deactivating a user also ends all sessions of that user."""
    changed = await users.update(user, change.model_dump(exclude_unset=True))
    if not changed.is_active:
        await users.delete_sessions(changed)
    return changed


@router.delete("/{user_id}", status_code=204, responses=problems(404, 409))
async def delete_user(user: AnotherUser, users: Users) -> None:
    """Delete a user and everything that belongs to the user."""
    await users.delete(user)
