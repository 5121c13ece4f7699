import re

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from app.api import create_app
from app.settings import Settings


async def test_docs_work_offline(client: AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href|url)(?:=|: )[\'"]([^\'"]+)', page.text)
    assert len(loaded) == 4
    for url in loaded:
        assert url.startswith("/")
        assert (await client.get(url)).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui.css", "/openapi.json"])
async def test_docs_disabled(settings: Settings, path: str) -> None:
    app = create_app(settings.model_copy(update={"api_docs": False}))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("removed_by_the_proxy", [True, False])
async def test_prefix_of_a_proxy(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, removed_by_the_proxy: bool
) -> None:
    """The only server of the document is the prefix, and `/docs` loads everything below it."""
    if removed_by_the_proxy:  # a server then puts its root path before the path
        transport = ASGITransport(app, root_path="/prefix")
    else:
        monkeypatch.setattr(app, "root_path", "/prefix")
        transport = ASGITransport(app)
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        document = (await client.get("/prefix/openapi.json")).json()
        page = (await client.get("/prefix/docs")).text
    assert document["servers"] == [{"url": "/prefix"}]
    assert page.count('"/prefix/docs/') == 3
    assert "'/prefix/openapi.json'" in page


def test_server_without_a_prefix(app: FastAPI) -> None:
    assert app.openapi()["servers"] == [{"url": "/"}]
