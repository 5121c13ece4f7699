"""A router with a prefix finds its routes wherever it is included, and is skipped elsewhere."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from httpx2 import ASGITransport, AsyncClient
from starlette.routing import Match
from starlette.types import Scope

from app.http.routing import PrefixRouter

tried: list[str] = []


class RecordingRoute(APIRoute):
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        tried.append(scope["path"])
        return super().matches(scope)


shops = PrefixRouter(prefix="/shops", route_class=RecordingRoute)
stock = PrefixRouter(prefix="/shops/{shop}/stock")


@shops.get("/{shop}")
async def read_shop(shop: str) -> str:
    return shop


@stock.get("/{item}")
async def read_stock(shop: str, item: int) -> str:
    return f"{item} in {shop}"


def client_of(*routers: APIRouter, prefix: str = "") -> AsyncClient:
    app = FastAPI()
    for router in routers:
        app.include_router(router, prefix=prefix)
    return AsyncClient(transport=ASGITransport(app), base_url="http://test")


async def test_prefix() -> None:
    client = client_of(shops, stock)
    assert (await client.get("/shops/a b")).json() == "a b"
    assert (await client.get("/shops/x/stock/3")).json() == "3 in x"
    assert (await client.get("/shops/x/stock/3/more")).status_code == 404
    assert (await client.post("/shops/x")).status_code == 405
    assert (await client.get("/shops/x/")).status_code == 307


async def test_prefix_below_another_prefix() -> None:
    client = client_of(shops, stock, prefix="/v1/{city}")
    assert (await client.get("/v1/rome/shops/x")).json() == "x"
    assert (await client.get("/v1/rome/shops/x/stock/3")).json() == "3 in x"
    outer = PrefixRouter(prefix="/v1")
    outer.include_router(shops)
    assert (await client_of(outer).get("/v1/shops/x")).json() == "x"


async def test_routes_of_other_prefixes_are_not_tried() -> None:
    tried.clear()
    client = client_of(shops)
    assert (await client.get("/nowhere")).status_code == 404
    assert tried == []
    assert (await client.get("/shops/x")).status_code == 200
    assert set(tried) == {"/shops/x"}
