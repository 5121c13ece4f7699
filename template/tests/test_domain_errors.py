"""The errors that a domain raises become responses."""

from types import MappingProxyType

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import AsyncClient

from app.api import include_domain
from app.errors import Conflict, DomainError


class SoldOut(DomainError):
    headers = MappingProxyType({"retry-after": "60"})


ERRORS = {
    "default": DomainError(),
    "conflict": Conflict("This is taken."),
    "headers": SoldOut("Nothing is left."),
}
routes = APIRouter(prefix="/test-domain-errors")


@routes.get("/{name}")
async def fail(name: str) -> None:
    raise ERRORS[name]


@pytest.fixture(scope="module", autouse=True)
def mount(app: FastAPI) -> None:
    include_domain(app, routes)


@pytest.mark.parametrize(
    ("name", "status", "title", "detail"),
    [
        ("default", 400, "Bad Request", "The request cannot be processed."),
        ("conflict", 409, "Conflict", "This is taken."),
        ("headers", 400, "Bad Request", "Nothing is left."),
    ],
)
async def test_domain_error(
    name: str, status: int, title: str, detail: str, client: AsyncClient
) -> None:
    response = await client.get(f"/test-domain-errors/{name}")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": title,
        "status": response.status_code,
        "detail": detail,
    }
    assert response.status_code == status
    assert response.headers.get("retry-after") == ERRORS[name].headers.get("retry-after")
