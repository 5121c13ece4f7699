"""What schemathesis has to be told about a project before it fuzzes it; it loads this file."""

from typing import Any

import schemathesis
from hypothesis import strategies

# An address that may have mail is not just any that fits `format: email`.
schemathesis.openapi.format("email", strategies.uuids().map("{}@example.com".format))


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, schema: dict[str, Any]) -> None:
    """A sign-in by OAuth2 ends in a bearer token: the check `ignored_auth` sees only that."""
    schemes = schema["components"].get("securitySchemes", {})
    for name, scheme in schemes.items():
        if scheme["type"] == "oauth2":
            schemes[name] = {"type": "http", "scheme": "bearer"}
