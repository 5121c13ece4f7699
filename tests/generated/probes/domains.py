"""Imports the domains of each folder over a service, creates their tables, and runs their revisions.

`python domains.py SERVICE FOLDER...` fails, and prints the traceback of each folder that fails.
"""

import os
import sys
import warnings
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import fastapi
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.orm import configure_mappers

SERVICE, *FOLDERS = map(Path, sys.argv[1:])
sys.path.insert(0, str(SERVICE))
app = import_module("app")
metadata = import_module("app.db.models").SQLModel.metadata
import_module("app.http.routing")
if (SERVICE / "app/auth").exists():
    import_module("app.auth.dependencies")


def read_columns(connection: sa.Connection) -> dict[str, set[str]]:
    inspector = sa.inspect(connection)
    return {
        table: {f"{column['name']} {column['type']} {column['nullable']}" for column in columns}
        for (_, table), columns in inspector.get_multi_columns().items()
    }


def load(path: Path) -> ModuleType:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_revisions(connection: sa.Connection, folder: Path) -> None:
    modules = {
        module.revision: module for module in map(load, folder.glob("migrations/versions/*"))
    }
    order: list[ModuleType] = []
    while len(order) < len(modules):
        known = {module.revision for module in order} | {"users", "idempotency_keys"}
        found = [m for m in modules.values() if m not in order and m.down_revision in known]
        assert found, "a revision follows an unknown one"
        order += found
    with Operations.context(MigrationContext.configure(connection)):
        for module in order:
            module.upgrade()
        columns = read_columns(connection)
        for module in reversed(order):
            module.downgrade()
    assert read_columns(connection).keys() <= {"users"}
    return columns


def check(folder: Path) -> None:
    app.__path__.insert(0, str(folder / "app"))
    api = fastapi.FastAPI()
    for domain in sorted((folder / "app").iterdir()):
        api.include_router(import_module(f"app.{domain.name}.routes").router)
    api.openapi()
    configure_mappers()
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        metadata.create_all(connection)
        created = read_columns(connection)
        metadata.drop_all(connection)
        users = [table for table in metadata.sorted_tables if table.name == "users"]
        metadata.create_all(connection, tables=users)
        revised = run_revisions(connection, folder)
    for table in revised:
        assert created[table] == revised[table], table


failed = 0
for folder in FOLDERS:
    if (child := os.fork()) == 0:
        warnings.simplefilter("error")
        check(folder)  # if it fails, the process prints the traceback and ends with 1
        os._exit(0)
    failed |= os.waitpid(child, 0)[1]
sys.exit(failed != 0)
