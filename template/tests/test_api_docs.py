import re

import pytest
from httpx2 import ASGITransport, AsyncClient

from app.main import create_app
from app.settings import Settings


async def test_the_page_needs_no_internet(client: AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    loaded = re.findall(r'(?:src|href|url)(?:=|: )[\'"]([^\'"]+)', page.text)
    assert len(loaded) == 4
    for url in loaded:
        assert url.startswith("/")
        assert (await client.get(url)).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/swagger-ui.css", "/openapi.json"])
async def test_it_can_be_turned_off(settings: Settings, path: str) -> None:
    app = create_app(settings.model_copy(update={"api_docs": False}))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        assert (await client.get(path)).status_code == 404
