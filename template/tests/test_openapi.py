"""The OpenAPI document has what client generators and linters need."""

from enum import Enum
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body, FastAPI

from app.http.openapi import Application, restore_bounds


def test_error_responses(app: FastAPI) -> None:
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
        content = {"application/problem+json": {"schema": schema}}
        assert response == {"description": response["description"], "content": content}


def test_every_operation_has_the_response_to_a_large_body(app: FastAPI) -> None:
    for path in app.openapi()["paths"].values():
        assert all("413" in operation["responses"] for operation in path.values())


class Tag(Enum):
    B = "B and more"


def document_of(*routers: APIRouter, **options: Any) -> dict[str, Any]:
    app = Application(**options)
    for router in routers:
        app.include_router(router)
    return app.openapi()


def ids_of(document: dict[str, Any]) -> dict[str, str]:
    return {
        f"{method} {path}": operation["operationId"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def domain(name: str, tags: list[str | Enum] | None = None) -> APIRouter:
    router = APIRouter(prefix=f"/{name}", tags=[name] if tags is None else tags)

    @router.get("/export")
    async def export() -> None: ...

    @router.post("/upload")
    async def upload(name: Annotated[str, Body()], size: Annotated[int, Body()]) -> None: ...

    @router.get(f"/only-{name}", name=f"(Only {name})")
    async def only() -> None: ...

    return router


def test_operation_ids() -> None:
    assert ids_of(document_of(domain("a"))) == {
        "get /a/export": "export",
        "post /a/upload": "upload",
        "get /a/only-a": "Only_a",
    }


def test_equal_function_names_get_the_tag() -> None:
    ids = ids_of(document_of(domain("a"), domain("b", tags=[Tag.B])))
    assert ids == {
        "get /a/export": "a_export",
        "post /a/upload": "a_upload",
        "get /a/only-a": "Only_a",
        "get /b/export": "B_and_more_export",
        "post /b/upload": "B_and_more_upload",
        "get /b/only-b": "Only_b",
    }


@pytest.mark.parametrize("tags", [[], ["same"]])
def test_operation_ids_are_always_unique(tags: list[str | Enum]) -> None:
    several = APIRouter(tags=tags)

    @several.api_route("/any", methods=["GET", "POST"])
    @several.get("/{again}")
    async def several_routes() -> None: ...

    document = document_of(several, domain("a", tags=tags), domain("b", tags=tags))
    ids = list(ids_of(document).values())
    assert len(ids) == 9
    assert len(set(ids)) == len(ids)
    assert all(name.isidentifier() for name in ids)
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "requestBody" in operation
    ]
    assert len(set(bodies)) == 2


def test_document_follows_later_routes() -> None:
    app = Application()
    app.include_router(domain("a"))
    assert app.openapi() is app.openapi()
    app.include_router(domain("b"))
    ids = list(ids_of(app.openapi()).values())
    assert len(set(ids)) == len(ids) == 6


def test_every_tag_is_defined(app: FastAPI) -> None:
    document = app.openapi()
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    used = {
        tag
        for operations in document["paths"].values()
        for operation in operations.values()
        for tag in operation.get("tags", [])
    }
    assert used <= tags.keys()
    assert tags["health"] == "Liveness and readiness, for orchestrators and load balancers."


def test_own_description_of_a_tag() -> None:
    tags = [{"name": "a", "description": "Our own."}]
    assert document_of(domain("a"), openapi_tags=tags)["tags"] == tags


def test_contact_and_servers(app: FastAPI) -> None:
    document = app.openapi()
    assert app.title in document["info"]["contact"]["name"]
    assert document["servers"] == [{"url": "/"}]


def test_public_routes_have_no_security(app: FastAPI) -> None:
    assert app.openapi()["paths"]["/health/live"]["get"]["security"] == []


def test_bounds_are_exact() -> None:
    document = {"minimum": {"minimum": float(-(2**63)), "maximum": float(2**63 - 1)}}
    restore_bounds(document)
    assert str(document) == str({"minimum": {"minimum": -(2**63), "maximum": 2**63 - 1}})
