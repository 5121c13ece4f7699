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


def test_error_responses_in_openapi(app: FastAPI) -> None:
    document = app.openapi()
    assert {"Problem", "ValidationProblem"} <= document["components"]["schemas"].keys()
    responses = [
        (status, response)
        for operations in document["paths"].values()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        if int(status) >= 400
    ]
    for status, response in responses:
        name = "ValidationProblem" if status == "422" else "Problem"
        schema = {"$ref": f"#/components/schemas/{name}"}
        assert response["content"] == {"application/problem+json": {"schema": schema}}
