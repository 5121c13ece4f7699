"""The OpenAPI document, with what client generators and linters need."""

import re
import warnings
from collections import Counter
from enum import Enum
from inspect import cleandoc, getmodule
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic.json_schema import models_json_schema
from starlette.types import ASGIApp

from app.http.cors import allow_origins
from app.http.problems import SCHEMAS, Problem, ValidationProblem

BOUND_NAMES = {"minimum", "maximum"}
BOUNDS = {float(bound): bound for bound in (-(2**63), 2**63 - 1)}


class Application(FastAPI):
    """FastAPI, with CORS, and with a document that describes errors, tags and public routes."""

    finished: dict[str, Any] | None = None

    def build_middleware_stack(self) -> ASGIApp:
        # CORS goes around everything else, so that a browser can also read errors.
        return allow_origins(super().build_middleware_stack(), self.state.settings.cors_origins)

    def openapi(self) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Duplicate Operation ID")  # see name_operations
            document = super().openapi()
        if document is not self.finished:  # FastAPI keeps it until a route is added
            self.finish(document)
            self.finished = document
        return document

    def finish(self, document: dict[str, Any]) -> None:
        models: list[Any] = [(Problem, "serialization"), (ValidationProblem, "serialization")]
        _, schemas = models_json_schema(models, ref_template=SCHEMAS)
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
        document.setdefault("servers", [{"url": "/"}])
        routes = [
            route
            for route in iter_route_contexts(self.routes)
            if isinstance(route.original_route, APIRoute) and route.include_in_schema
        ]
        tags = {tag["name"]: tag for tag in self.openapi_tags or []}
        document["tags"] = list((describe_tags(routes) | tags).values())
        name_operations(document["paths"], routes)
        restore_bounds(document)
        for operations in document["paths"].values():
            for operation in operations.values():
                operation.setdefault("security", [])  # no credentials


def describe_tags(routes: list[RouteContext]) -> dict[str, dict[str, Any]]:
    """The tags, each with the docstring of the first module that uses it."""
    tags: dict[str, dict[str, Any]] = {}
    for route in routes:
        description = cleandoc(getattr(getmodule(route.endpoint), "__doc__", None) or "")
        for tag in route.tags:
            name = tag.value if isinstance(tag, Enum) else tag
            tags.setdefault(name, {"name": name, "description": description})
    return tags


def name_operations(paths: dict[str, dict[str, Any]], routes: list[RouteContext]) -> None:
    """Use the name of the function as the id: generators make `createItem` of `create_item`.

    Equal names get the tag as a prefix. If that is not enough, they get the path as a suffix.
    """
    operations = {
        (str(route.path_format), method): paths[str(route.path_format)][method.lower()]
        for route in routes
        for method in sorted(route.methods or ())
    }
    for route in routes:
        for method in route.methods or ():
            operation = operations[str(route.path_format), method]
            operation["operationId"] = route.operation_id or to_identifier(str(route.name))
    for use_path in (False, True):
        count = Counter(operation["operationId"] for operation in operations.values())
        for (path, method), operation in operations.items():
            name = operation["operationId"]
            if count[name] > 1:
                tag = operation.get("tags", [""])[0]
                name = f"{name}_{path}_{method.lower()}" if use_path else f"{tag}_{name}"
                operation["operationId"] = to_identifier(name)


def restore_bounds(part: Any) -> None:
    """Make the bounds of 64-bit integers exact again: FastAPI converts them to floats."""
    if isinstance(part, dict):
        for name in BOUND_NAMES & part.keys():
            if isinstance(part[name], float):  # not a field with this name
                part[name] = BOUNDS.get(part[name], part[name])
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            restore_bounds(each)


def to_identifier(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_")
