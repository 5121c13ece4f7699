"""The API: the router of every domain, that is of every `app/*/routes.py`."""

from importlib import import_module
from pathlib import Path

from fastapi import APIRouter

from app.db.session import UnitOfWork
from app.errors import problems

# Each request below is one unit of work: it commits before the response is sent.
api = APIRouter(dependencies=[UnitOfWork], responses=problems(400, 413, 422, 503))

# Found and not listed, so that a domain comes and goes with its folder.
for routes in sorted(Path(__file__).parent.glob("*/routes.py")):
    api.include_router(import_module(f"app.{routes.parent.name}.routes").router)
