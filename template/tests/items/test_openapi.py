"""The responses and parameters of items in the OpenAPI document."""

import pytest
from fastapi import FastAPI

STATUSES = {
    "post /items": {201, 409},
    "get /items": {200},
    "get /items/{item_id}": {200, 404},
    "patch /items/{item_id}": {200, 404, 409},
    "delete /items/{item_id}": {204, 404, 409},
}


@pytest.mark.parametrize("operation", STATUSES)
def test_documented_responses(app: FastAPI, operation: str) -> None:
    method, path = operation.split()
    responses = app.openapi()["paths"][path][method]["responses"]
    statuses = set(map(int, responses)) - {401, 403}  # only with users
    assert statuses == STATUSES[operation] | {400, 413, 422, 503}


def test_documented_location_and_limit(app: FastAPI) -> None:
    operations = app.openapi()["paths"]["/items"]
    location = operations["post"]["responses"]["201"]["headers"]["Location"]
    assert location == {"required": True, "schema": {"type": "string"}}
    limit = next(each for each in operations["get"]["parameters"] if each["name"] == "limit")
    assert limit["schema"]["default"] == 50
