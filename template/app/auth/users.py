"""All users, for superusers; and not for themselves, so that one always remains."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi_users.exceptions import UserNotExists

from app.auth.backends import CurrentSuperuser, Manager
from app.auth.models import User, UserPage, UserRead, UserUpdate
from app.db.ids import Id
from app.errors import NotFound, problems

users = APIRouter(prefix="/users", tags=["users"], responses=problems(401, 403))
Limit = Annotated[int, Query(ge=1, le=100)]


async def existing_user(user_id: Id, manager: Manager, _: CurrentSuperuser) -> User:
    try:
        return await manager.get(user_id)
    except UserNotExists as error:
        raise NotFound(f"There is no user {user_id}.") from error


async def another_user(
    user: Annotated[User, Depends(existing_user)], superuser: CurrentSuperuser
) -> User:
    if user.id == superuser.id:
        raise HTTPException(409, "Not to your own account.")
    return user


ExistingUser = Annotated[User, Depends(existing_user)]
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
