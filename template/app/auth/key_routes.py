"""Routes for users to manage their API keys."""

from typing import Annotated

from fastapi import Depends

from app.auth.api_keys import MAX_LIFETIME, create_key
from app.auth.dependencies import CurrentUser, Manager
from app.auth.errors import InvalidExpiry
from app.auth.models import ApiKey
from app.auth.repository import ApiKeyRepository
from app.auth.schemas import KeyCreate, KeyRead, NewKey
from app.auth.tokens import digest
from app.auth.user_routes import RateLimitedUser
from app.db.ids import Id
from app.db.models import now
from app.http.pages import Limit, Page
from app.http.problems import problems
from app.http.routing import PrefixRouter

router = PrefixRouter(prefix="/users/me/keys", tags=["API keys"], responses=problems(401, 403))
Keys = Annotated[ApiKeyRepository, Depends(ApiKeyRepository.provide)]


@router.post("", status_code=201, responses=problems(429))
async def create_api_key(
    body: KeyCreate, user: RateLimitedUser, manager: Manager, keys: Keys
) -> NewKey:
    """Create an API key. Send it in the header `Authorization: Bearer key_…`."""
    if body.expires_at is not None and not now() < body.expires_at < now() + MAX_LIFETIME:
        raise InvalidExpiry
    await manager.confirm_password(user, body.current_password)
    key = create_key()
    row = await keys.create(user, body.name, digest(key), body.expires_at)
    return NewKey(key=key, **row.model_dump())


@router.get("", response_model=Page[KeyRead])
async def list_api_keys(
    user: CurrentUser, keys: Keys, limit: Limit = 50, after: Id | None = None
) -> Page[ApiKey]:
    """List your API keys, ordered by id."""
    return await keys.page(user, limit, after)


@router.delete("/{key_id}", status_code=204, responses=problems(404))
async def revoke_api_key(key_id: Id, user: CurrentUser, keys: Keys) -> None:
    """Revoke an API key."""
    await keys.delete(user, key_id)
