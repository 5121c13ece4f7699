"""Accounts: one's own; and all of them, for superusers, who may not end themselves."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from app.auth import mail
from app.auth.backends import CurrentSuperuser, CurrentUser, Manager
from app.auth.guards import throttle_account
from app.auth.models import User
from app.auth.schemas import EmailChange, PasswordChange, UserPage, UserRead, UserUpdate
from app.db.ids import Id
from app.errors import NotFound, problems

users = APIRouter(prefix="/users", tags=["users"], responses=problems(401, 403))
Limit = Annotated[int, Query(ge=1, le=100)]


# One's own account first: `me` is no id.


@users.get("/me", response_model=UserRead)
async def read_me(user: CurrentUser) -> User:
    return user


async def throttled_user(user: CurrentUser, request: Request) -> User:
    await throttle_account(request, user.email)
    return user


ThrottledUser = Annotated[User, Depends(throttled_user)]


@users.post("/me/password", status_code=204, responses=problems(429))
async def change_password(body: PasswordChange, user: ThrottledUser, manager: Manager) -> None:
    """Ends all sessions and tokens, this one too."""
    await manager.confirm_password(user, body.current_password)
    await manager.set_password(user, body.new_password)


@users.post("/me/email", status_code=202, responses=problems(429))
async def change_email(body: EmailChange, user: ThrottledUser, manager: Manager) -> None:
    """The address changes when the token that is sent to the new one comes back."""
    await manager.confirm_password(user, body.current_password)
    manager.send_token(mail.NEW_ADDRESS, user, to=body.email)


@users.delete("/me/sessions", status_code=204)
async def sign_out_everywhere(user: CurrentUser, manager: Manager) -> None:
    """Ends all sessions by cookie; a bearer token ends with its hour, or with the password."""
    await manager.sessions.delete_of(user)


async def existing_user(user_id: Id, manager: Manager, _: CurrentSuperuser) -> User:
    if (user := await manager.users.get(user_id)) is None:
        raise NotFound(f"There is no user {user_id}.")
    return user


ExistingUser = Annotated[User, Depends(existing_user)]


async def another_user(user: ExistingUser, superuser: CurrentSuperuser) -> User:
    if user.id == superuser.id:
        raise HTTPException(409, "Not to your own account.")
    return user


AnotherUser = Annotated[User, Depends(another_user)]


@users.get("", response_model=UserPage)
async def list_users(
    manager: Manager, _: CurrentSuperuser, limit: Limit = 50, after: Id | None = None
) -> object:
    found = await manager.users.page(limit + 1, after)
    page = found[:limit]
    return {"users": page, "next": page[-1].id if len(found) > limit else None}


@users.get("/{user_id}", response_model=UserRead, responses=problems(404))
async def read_user(user: ExistingUser) -> User:
    return user


@users.patch("/{user_id}", response_model=UserRead, responses=problems(404, 409))
async def update_user(user: AnotherUser, change: UserUpdate, manager: Manager) -> User:
    """A user who is no longer active has no session left either."""
    changed = await manager.users.update(user, change.model_dump(exclude_unset=True))
    if not changed.is_active:
        await manager.sessions.delete_of(changed)
    return changed


@users.delete("/{user_id}", status_code=204, responses=problems(404, 409))
async def delete_user(user: AnotherUser, manager: Manager) -> None:
    """With all that belongs to them."""
    await manager.users.delete(user)
