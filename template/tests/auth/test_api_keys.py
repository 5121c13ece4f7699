"""API keys: their owner creates, uses, lists and revokes them."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import col, select, update

from app.auth.api_keys import record_use
from app.auth.models import ApiKey, User
from app.auth.repository import ApiKeyRepository
from app.db.database import Database
from app.db.models import now
from tests.auth.fixtures import PASSWORD, Accounts, Headers

NEW = {"current_password": PASSWORD, "name": "backup"}


async def create(client: AsyncClient, **more: Any) -> dict[str, Any]:
    response = await client.post("/users/me/keys", json=NEW | more)
    assert response.status_code == 201
    return dict(response.json())


def bearer(key: str) -> Headers:
    return {"authorization": f"Bearer {key}"}


async def status(client: AsyncClient, key: str) -> int:
    return (await client.get("/users/me", headers=bearer(key))).status_code


async def change_key(db: Database, **values: Any) -> None:
    async with db.unit() as session:
        await session.exec(update(ApiKey).where(col(ApiKey.name) == "backup").values(**values))


async def test_create_use_and_revoke(
    anonymous: AsyncClient, user_client: AsyncClient, user: User
) -> None:
    created = await create(user_client)
    key = created.pop("key")
    assert key.startswith("key_")
    assert created["last_used_at"] is None
    me = await anonymous.get("/users/me", headers=bearer(key))
    assert (me.status_code, me.json()["email"]) == (200, user.email)

    (listed,) = (await user_client.get("/users/me/keys")).json()["items"]
    assert listed.pop("last_used_at") >= created["created_at"]
    created.pop("last_used_at")
    assert listed == created

    url = f"/users/me/keys/{created['id']}"
    assert (await user_client.delete(url)).status_code == 204
    assert await status(anonymous, key) == 401
    assert (await user_client.delete(url)).status_code == 404


async def test_key_is_stored_as_a_digest(user_client: AsyncClient, db: Database) -> None:
    key = (await create(user_client))["key"]
    async with db.unit(read_only=True) as session:
        (stored,) = (await session.exec(select(ApiKey))).all()
    assert key.removeprefix("key_") not in stored.model_dump_json()


async def test_expired_key(anonymous: AsyncClient, user_client: AsyncClient, db: Database) -> None:
    tomorrow = (now() + timedelta(days=1)).isoformat()
    created = await create(user_client, expires_at=tomorrow)
    assert created["expires_at"].rstrip("Z") == tomorrow.removesuffix("+00:00")
    key = created["key"]
    assert await status(anonymous, key) == 200
    await change_key(db, expires_at=now() - timedelta(seconds=1))
    assert await status(anonymous, key) == 401


async def test_key_of_inactive_user(
    anonymous: AsyncClient, user_client: AsyncClient, db: Database
) -> None:
    key = (await create(user_client))["key"]
    async with db.unit() as session:
        await session.exec(update(User).values(is_active=False))
    assert await status(anonymous, key) == 401


async def test_new_password_ends_keys(anonymous: AsyncClient, user_client: AsyncClient) -> None:
    key = (await create(user_client))["key"]
    body = {"current_password": PASSWORD, "new_password": "another long password"}
    assert (await user_client.post("/users/me/password", json=body)).status_code == 204
    assert await status(anonymous, key) == 401


async def test_key_cannot_create_keys(anonymous: AsyncClient, user_client: AsyncClient) -> None:
    key = (await create(user_client))["key"]
    body = NEW | {"current_password": "unknown to the program"}
    response = await anonymous.post("/users/me/keys", json=body, headers=bearer(key))
    assert response.status_code == 400


async def test_keys_of_other_users_are_invisible(
    anonymous: AsyncClient, user_client: AsyncClient, accounts: Accounts
) -> None:
    created = await create(user_client)
    other = accounts.headers(await accounts.add("other@example.com"))
    assert (await anonymous.get("/users/me/keys", headers=other)).json()["items"] == []
    response = await anonymous.delete(f"/users/me/keys/{created['id']}", headers=other)
    assert (response.status_code, await status(anonymous, created["key"])) == (404, 200)


async def test_use_is_recorded_once_a_minute(
    anonymous: AsyncClient, user_client: AsyncClient, db: Database
) -> None:
    key = (await create(user_client))["key"]

    async def last_use() -> Any:
        return (await user_client.get("/users/me/keys")).json()["items"][0]["last_used_at"]

    await status(anonymous, key)
    first = await last_use()
    await status(anonymous, key)
    assert await last_use() == first
    await change_key(db, last_used_at=now() - timedelta(minutes=2))
    await status(anonymous, key)
    assert await last_use() > first


async def test_use_is_not_recorded_while_the_pool_is_busy(
    user_client: AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await create(user_client)

    async def fail(*_: object) -> None:
        raise PoolTimeout("busy")

    monkeypatch.setattr(ApiKeyRepository, "record_use", fail)
    await record_use(db, key["id"])  # an error would skip the other background tasks
