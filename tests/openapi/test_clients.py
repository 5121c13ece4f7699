"""Client generators make clients of the OpenAPI document that type-check, and that work."""

import json
import sys
from pathlib import Path

import pytest

from tests.openapi.conftest import CLIENTS, Service
from tests.support.commands import run_command

pytestmark = pytest.mark.slow


def test_openapi_python_client(service: Service) -> None:
    """Its client makes requests to the running service."""
    generator = Path(sys.executable).with_name("openapi-python-client")
    options = ["--meta=none", "--output-path=service_client", "--fail-on-warning"]
    command = [str(generator), "generate", "--path=openapi.json", *options]
    run_command(service.folder, service.env, *command)
    env = service.env | {"PYTHONPATH": str(service.folder)}
    script = str(CLIENTS / "use_python_client.py")
    assert run_command(service.folder, env, sys.executable, script, service.address) == "ok\n"


def test_openapi_typescript(node_service: Service) -> None:
    node_service.run_tool("openapi-typescript", "openapi.json", "--output=schema.ts")
    check_types(node_service, "use_openapi_typescript.ts")


def test_hey_api(node_service: Service) -> None:
    command = ["openapi-ts", "--input=openapi.json", "--output=client"]
    node_service.run_tool(*command, "--client=@hey-api/client-fetch", "--no-log-file")
    check_types(node_service, "use_hey_api.ts")


def check_types(service: Service, file: str) -> None:
    """Checks a file, and the generated code that it imports, with `tsc --strict`."""
    config = {"extends": "./tsconfig.json", "files": [file]}
    (service.folder / f"tsconfig.{file}.json").write_text(json.dumps(config))
    service.run_tool("tsc", "--project", f"tsconfig.{file}.json")
