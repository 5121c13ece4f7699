"""An item belongs to who made it; for others it is not there, except for superusers."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient
from sqlmodel import select

from app.auth.models import User
from app.db.database import Database
from app.items.models import Item
from tests.auth.fixtures import add_user, bearer_headers

ITEM = {"name": "Lamp"}


@pytest.fixture
async def anyone(transport: ASGITransport, anyio_backend: str) -> AsyncGenerator[AsyncClient]:
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def other(anyio_backend: str, db: Database) -> dict[str, str]:
    return await bearer_headers(await add_user(db, "other@example.com"))


@pytest.fixture
async def superuser(anyio_backend: str, db: Database) -> dict[str, str]:
    return await bearer_headers(await add_user(db, "super@example.com", is_superuser=True))


@pytest.fixture
async def item(client: AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.post("/items", json=ITEM)).json()
    return found


async def test_it_belongs_to_who_made_it(item: dict[str, Any], user: User) -> None:
    assert item["owner_id"] in {user.id, str(user.id)}


@pytest.mark.parametrize("body", [ITEM | {"owner_id": None}, ITEM | {"owner_id": 1}])
async def test_nobody_gives_it_away(client: AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/items", json=body)).status_code == 422


async def test_for_others_it_is_not_there(
    client: AsyncClient, anyone: AsyncClient, other: dict[str, str], item: dict[str, Any]
) -> None:
    url = f"/items/{item['id']}"
    for response in (
        await anyone.get(url, headers=other),
        await anyone.patch(url, json={"name": "Torch"}, headers=other),
        await anyone.delete(url, headers=other),
    ):
        assert response.status_code == 404
    assert (await anyone.get("/items", headers=other)).json() == {"items": [], "next": None}
    assert (await client.get(url)).json() == item


async def test_each_has_their_own_names_and_pages(
    client: AsyncClient, anyone: AsyncClient, other: dict[str, str], item: dict[str, Any]
) -> None:
    theirs = (await anyone.post("/items", json=ITEM, headers=other)).json()
    assert theirs["name"] == item["name"]
    last = (await client.post("/items", json={"name": "Torch"})).json()
    first = (await client.get("/items?limit=1")).json()
    assert first == {"items": [item], "next": item["id"]}
    rest = (await client.get(f"/items?limit=1&after={item['id']}")).json()
    assert rest == {"items": [last], "next": None}
    assert (await anyone.get("/items", headers=other)).json()["items"] == [theirs]


async def test_a_superuser_sees_all(
    anyone: AsyncClient, other: dict[str, str], superuser: dict[str, str], item: dict[str, Any]
) -> None:
    theirs = (await anyone.post("/items", json=ITEM, headers=other)).json()
    found = (await anyone.get("/items", headers=superuser)).json()["items"]
    assert found == [item, theirs]
    url = f"/items/{item['id']}"
    response = await anyone.patch(url, json={"name": "Torch"}, headers=superuser)
    assert (response.status_code, response.json()["owner_id"]) == (200, item["owner_id"])
    assert (await anyone.delete(url, headers=superuser)).status_code == 204


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_nobody(anyone: AsyncClient, item: dict[str, Any], method: str) -> None:
    path = "/items" if method == "POST" else f"/items/{item['id']}"
    assert (await anyone.request(method, path, json=ITEM)).status_code == 401
    assert (await anyone.get("/items")).status_code == 401


async def test_it_goes_with_its_owner(
    anyone: AsyncClient,
    superuser: dict[str, str],
    user: User,
    item: dict[str, Any],
    db: Database,
) -> None:
    assert (await anyone.delete(f"/users/{user.id}", headers=superuser)).status_code == 204
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(Item))).all() == []
