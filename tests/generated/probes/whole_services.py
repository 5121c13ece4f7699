"""Imports services, and migrates a database of each: up, down and up again, with `alembic check`.

`python whole_services.py SERVICE...` fails, and prints the traceback of each service that fails.
"""

import os
import sys
import warnings
from importlib import import_module
from pathlib import Path

import fastapi_users  # noqa: F401  once here, and not in each process
import sqlmodel  # noqa: F401
from alembic.config import main as alembic
from fastapi import FastAPI


def check(service: Path) -> None:
    os.chdir(service)
    sys.path.insert(0, str(service))
    os.environ["DATABASE_URL"] = f"sqlite:///{service}/app.db"
    for command in ("upgrade head", "check", "downgrade base", "upgrade head"):
        alembic(command.split())
    app: FastAPI = import_module("app.main").app
    assert Path(sys.modules["app.main"].__file__ or "").is_relative_to(service)
    domains = {path.parent.name for path in (service / "app").glob("*/repository.py")} - {"auth"}
    paths = {path.split("/")[1].replace("-", "_") for path in app.openapi()["paths"]}
    assert domains and domains <= paths, domains - paths


failed = 0
for service in map(Path, sys.argv[1:]):
    if (child := os.fork()) == 0:
        warnings.simplefilter("error")
        check(service)  # if it fails, the process prints the traceback and ends with 1
        os._exit(0)
    failed |= os.waitpid(child, 0)[1]
sys.exit(failed != 0)
