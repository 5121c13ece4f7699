import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import AsyncClient


async def create(client: AsyncClient, name: str, **more: Any) -> dict[str, Any]:
    response = await client.post("/items", json={"name": name, **more})
    assert response.status_code == 201, response.text
    item: dict[str, Any] = response.json()
    return item


async def test_create(client: AsyncClient) -> None:
    response = await client.post("/items", json={"name": "Lamp", "description": "bright"})
    assert response.status_code == 201
    item = response.json()
    assert response.headers["location"] == f"/items/{item['id']}"
    assert (item["name"], item["description"]) == ("Lamp", "bright")
    assert datetime.fromisoformat(item["created_at"]).tzinfo == UTC
    assert (await client.get(response.headers["location"])).json() == item


async def test_create_duplicate_name_concurrently(client: AsyncClient) -> None:
    responses = await asyncio.gather(
        *(client.post("/items", json={"name": "Lamp"}) for _ in range(8))
    )
    assert sorted(response.status_code for response in responses) == [201] + [409] * 7


@pytest.mark.parametrize("other", ["lamp", "Lamp ", "Lämp", "La\u0308mp", "Lamp\U0001f4a1"])
async def test_create_similar_name(client: AsyncClient, other: str) -> None:
    await create(client, "Lamp")
    assert (await create(client, other))["name"] == other


@pytest.mark.parametrize(("name", "description"), [("x", ""), ("x" * 200, "x" * 2000)])
async def test_create_with_shortest_and_longest_text(
    client: AsyncClient, name: str, description: str
) -> None:
    item = await create(client, name, description=description)
    assert (item["name"], item["description"]) == (name, description)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 201},
        {"name": "x", "description": "x" * 2001},
        {"name": "nul\0"},
        {"name": None},
        {"name": "x", "price": 1},
    ],
)
async def test_create_invalid(client: AsyncClient, body: dict[str, Any]) -> None:
    assert (await client.post("/items", json=body)).status_code == 422


async def test_pagination(client: AsyncClient) -> None:
    created = [await create(client, f"item {n}") for n in range(5)]
    found: list[Any] = []
    after: dict[str, Any] = {}
    while True:
        page = (await client.get("/items", params={"limit": 2, **after})).json()
        found += page["items"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == created
    for limit in (5, 100):
        page = (await client.get("/items", params={"limit": limit})).json()
        assert page == {"items": created, "next": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=101", "limit=x", "after=x"])
async def test_pagination_invalid(client: AsyncClient, query: str) -> None:
    assert (await client.get(f"/items?{query}")).status_code == 422


async def test_update(client: AsyncClient) -> None:
    item = await create(client, "Lamp", description="bright")
    response = await client.patch(f"/items/{item['id']}", json={"name": "Torch"})
    assert response.status_code == 200
    changed = response.json()
    assert (changed["name"], changed["description"]) == ("Torch", "bright")
    assert changed["created_at"] == item["created_at"]
    assert changed["updated_at"] > item["updated_at"]
    assert (await client.get(f"/items/{item['id']}")).json() == changed


async def test_remove_description(client: AsyncClient) -> None:
    item = await create(client, "Lamp", description="bright")
    changed = (await client.patch(f"/items/{item['id']}", json={"description": None})).json()
    assert (changed["name"], changed["description"]) == ("Lamp", None)


async def test_update_duplicate_name(client: AsyncClient) -> None:
    await create(client, "Lamp")
    item = await create(client, "Torch")
    response = await client.patch(f"/items/{item['id']}", json={"name": "Lamp"})
    assert response.status_code == 409


@pytest.mark.parametrize("body", [{"name": None}, {"name": ""}, {"price": 1}])
async def test_update_invalid(client: AsyncClient, body: dict[str, Any]) -> None:
    item = await create(client, "Lamp")
    assert (await client.patch(f"/items/{item['id']}", json=body)).status_code == 422


async def test_delete(client: AsyncClient) -> None:
    item = await create(client, "Lamp")
    assert (await client.delete(f"/items/{item['id']}")).status_code == 204
    for response in (
        await client.get(f"/items/{item['id']}"),
        await client.patch(f"/items/{item['id']}", json={"name": "x"}),
        await client.delete(f"/items/{item['id']}"),
    ):
        assert response.status_code == 404


@pytest.mark.parametrize("item_id", ["0", "-1", "9223372036854775808", "1e3", "x", "%00", "%ff"])
async def test_invalid_id(client: AsyncClient, item_id: str) -> None:
    assert (await client.get(f"/items/{item_id}")).status_code in {404, 422}
