"""What schemathesis has to know about a project. It loads this file itself."""

from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies

MAX_KEY = 255  # characters

# `format: email` allows more addresses than a mail server does.
schemathesis.openapi.format("email", strategies.uuids().map("{}@example.com".format))


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, schema: dict[str, Any]) -> None:
    """Describes OAuth2 sign-in as a bearer token, because the check `ignored_auth` skips OAuth2."""
    schemes = schema["components"].get("securitySchemes", {})
    for name, scheme in schemes.items():
        if scheme["type"] == "oauth2":
            schemes[name] = {"type": "http", "scheme": "bearer"}


@schemathesis.hook
def before_call(
    _: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]
) -> None:
    """Gives each request a key of its own: a valid key with another body is refused, as documented."""
    key = case.headers.get("Idempotency-Key", "")
    if 1 <= len(key) <= MAX_KEY:
        case.headers["Idempotency-Key"] = str(uuid4())
