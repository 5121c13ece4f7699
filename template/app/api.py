"""The API: the router of every domain, that is of every `app/*/routes.py`."""

from importlib import import_module
from pathlib import Path

from fastapi import FastAPI

from app.db.session import ROUTE_DEPENDENCIES
from app.errors import problems

# Found and not listed, so that a domain comes and goes with its folder.
routers = [
    import_module(f"app.{routes.parent.name}.routes").router
    for routes in sorted(Path(__file__).parent.glob("*/routes.py"))
]
RESPONSES = problems(400, 413, 422, 503)


def include_api(app: FastAPI) -> None:
    # Each by itself: below one router for all, a request would try all routes once more.
    for router in routers:
        app.include_router(router, dependencies=ROUTE_DEPENDENCIES, responses=RESPONSES)
