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


async def test_prefix_of_a_proxy(app: FastAPI) -> None:
    """Behind a proxy, the only server of the document is the prefix."""
    documents = []
    for root_path in ("", "/prefix"):
        transport = ASGITransport(app, root_path=root_path)
        async with AsyncClient(transport=transport, base_url="http://test") as client:
            documents.append((await client.get(f"{root_path}/openapi.json")).json())
    assert [document["servers"] for document in documents] == [[{"url": "/"}], [{"url": "/prefix"}]]
