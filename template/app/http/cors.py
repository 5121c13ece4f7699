"""Cross-origin resource sharing (CORS): the front ends that may use the API from a browser."""

import json
from contextlib import suppress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

EXPOSED = ["Location", "Retry-After", "X-Request-ID"]  # headers that scripts can also read
EXAMPLE = "write https://a.com,https://b.com, or a list in JSON"


def split(value: object) -> object:
    """Accept a list in JSON, or with commas between its values."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        with suppress(ValueError):  # check_origin() then rejects the value
            return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def check_origin(value: str) -> str:
    parts = urlsplit(value)
    if value != "*" and not (parts.netloc and value == f"{parts.scheme}://{parts.netloc}"):
        raise ValueError(f"an origin has a scheme and a host, but no path: {EXAMPLE}")
    return value


Origin = Annotated[str, AfterValidator(check_origin)]
Origins = Annotated[list[Origin], BeforeValidator(split), NoDecode]
"""The type of the setting CORS_ORIGINS."""


def allow_origins(app: ASGIApp, origins: list[str]) -> ASGIApp:
    """Let browsers read responses on these origins. Only named origins can send cookies."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_credentials="*" not in origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
