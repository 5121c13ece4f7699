"""Users see only their own items; superusers see all."""

from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import AsyncClient
from sqlmodel import select

from app.auth.models import User
from app.db.database import Database
from app.items.models import Item
from tests.auth.fixtures import Headers

ITEM = {"name": "Lamp"}


@pytest.fixture
async def item(client: AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.post("/items", json=ITEM)).json()
    return found


async def test_create_sets_owner(item: dict[str, Any], user: User) -> None:
    assert item["owner_id"] in {user.id, str(user.id)}


@pytest.mark.parametrize("body", [ITEM | {"owner_id": None}, ITEM | {"owner_id": 1}])
async def test_create_for_another_owner(client: AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/items", json=body)).status_code == 422


async def test_item_of_another_user_not_found(
    client: AsyncClient, anonymous: AsyncClient, other: Headers, item: dict[str, Any]
) -> None:
    url = f"/items/{item['id']}"
    for response in (
        await anonymous.get(url, headers=other),
        await anonymous.patch(url, json={"name": "Torch"}, headers=other),
        await anonymous.delete(url, headers=other),
    ):
        assert response.status_code == 404
    assert (await anonymous.get("/items", headers=other)).json() == {"items": [], "next": None}
    assert (await client.get(url)).json() == item


async def test_names_and_pagination_per_owner(
    client: AsyncClient, anonymous: AsyncClient, other: Headers, item: dict[str, Any]
) -> None:
    theirs = (await anonymous.post("/items", json=ITEM, headers=other)).json()
    assert theirs["name"] == item["name"]
    last = (await client.post("/items", json={"name": "Torch"})).json()
    first = (await client.get("/items?limit=1")).json()
    assert first == {"items": [item], "next": item["id"]}
    rest = (await client.get(f"/items?limit=1&after={item['id']}")).json()
    assert rest == {"items": [last], "next": None}
    assert (await anonymous.get("/items", headers=other)).json()["items"] == [theirs]


async def test_superuser_sees_all_items(
    anonymous: AsyncClient, other: Headers, superuser_client: AsyncClient, item: dict[str, Any]
) -> None:
    theirs = (await anonymous.post("/items", json=ITEM, headers=other)).json()
    found = (await superuser_client.get("/items")).json()["items"]
    assert found == [item, theirs]
    url = f"/items/{item['id']}"
    response = await superuser_client.patch(url, json={"name": "Torch"})
    assert (response.status_code, response.json()["owner_id"]) == (200, item["owner_id"])
    assert (await superuser_client.delete(url)).status_code == 204


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
async def test_unauthorized(anonymous: AsyncClient, item: dict[str, Any], method: str) -> None:
    path = "/items" if method == "POST" else f"/items/{item['id']}"
    assert (await anonymous.request(method, path, json=ITEM)).status_code == 401
    assert (await anonymous.get("/items")).status_code == 401


async def test_items_are_deleted_with_owner(
    superuser_client: AsyncClient, user: User, item: dict[str, Any], db: Database
) -> None:
    assert (await superuser_client.delete(f"/users/{user.id}")).status_code == 204
    async with db.unit(read_only=True) as session:
        assert (await session.exec(select(Item))).all() == []


def test_documented_refusals(app: FastAPI) -> None:
    for path in ("/items", "/items/{item_id}"):
        for operation in app.openapi()["paths"][path].values():
            assert {"401", "403"} <= operation["responses"].keys()
