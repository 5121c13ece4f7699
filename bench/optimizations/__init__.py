"""What makes the service fast, each taken away again: a text of it replaced by what is usual."""

from dataclasses import dataclass

from bench.servers import CREATE, LIVE, ONE, PAGE

ENGINE, REPOSITORY, SESSION = "app/db/engine.py", "app/items/repository.py", "app/db/session.py"


@dataclass
class Remedy:
    """`name` says what comes in its place; `route` is where it shows."""

    name: str
    route: str
    file: str = ""
    old: str = ""
    new: str = ""
    options: tuple[str, ...] = ("--no-access-log",)


REMEDIES = [
    Remedy(
        "reads in a transaction of the writers' engine",
        ONE,
        SESSION,
        "read_only=request.method in SAFE_METHODS",
        "read_only=False",
    ),
    Remedy(
        "a ping at each checkout",
        ONE,
        ENGINE,
        "max_overflow=0,",
        "max_overflow=0, pool_pre_ping=True,",
    ),
    Remedy(
        "a pool of 5 and an overflow of 10",
        ONE,
        ENGINE,
        "pool_size=pool_size,\n        max_overflow=0,",
        "pool_size=5,\n        max_overflow=10,",
    ),
    Remedy(
        "SQLAlchemy's own queue of the pool",
        ONE,
        ENGINE,
        "        poolclass=FairPool,\n",
        "",
    ),
    Remedy(
        "a plain `def` as a dependency",
        ONE,
        SESSION,
        "async def provide(",
        "def provide(",
    ),
    Remedy(
        "all objects in the garbage collector's way",
        ONE,
        "app/main.py",
        "            gc.freeze()",
        "            #",
    ),
    Remedy(
        "one router for all domains",
        ONE,
        "app/api.py",
        "    for router in routers:\n"
        "        app.include_router(router, dependencies=ROUTE_DEPENDENCIES, responses=RESPONSES)\n",
        "    from fastapi import APIRouter\n\n"
        "    api = APIRouter(dependencies=ROUTE_DEPENDENCIES, responses=RESPONSES)\n"
        "    for router in routers:\n        api.include_router(router)\n"
        "    app.include_router(api)\n",
    ),
    Remedy(
        "a statement built for each read",
        ONE,
        REPOSITORY,
        'self.session.exec(ONE, params={"id": item_id})',
        "self.session.exec(select(Item).where(col(Item.id) == item_id))",
    ),
    Remedy(
        "a statement built for each page",
        PAGE,
        REPOSITORY,
        'self.session.exec(FIRST, params={"limit": limit})',
        "self.session.exec(select(Item).order_by(col(Item.id)).limit(limit))",
    ),
    Remedy(
        "`refresh` after the flush",
        CREATE,
        REPOSITORY,
        "self.session.add(item)\n        await self.session.flush()\n",
        "self.session.add(item)\n        await self.session.flush()\n"
        "        await self.session.refresh(item)\n",
    ),
    Remedy(
        "telemetry that is on, and goes nowhere",
        LIVE,
        "app/main.py",
        '"tracing": settings.telemetry',
        '"tracing": True',
    ),
    Remedy(
        "a BaseHTTPMiddleware",
        LIVE,
        "app/main.py",
        "    app.add_middleware(RequestLogMiddleware, settings=settings)\n",
        "    from starlette.middleware.base import BaseHTTPMiddleware\n"
        "    app.add_middleware(RequestLogMiddleware, settings=settings)\n"
        "    app.add_middleware(BaseHTTPMiddleware, dispatch=lambda request, send: send(request))\n",
    ),
    Remedy(
        "uvicorn's access log beside ours",
        LIVE,
        "app/logging.py",
        "access.propagate = False",
        "access.propagate = True",
        options=(),
    ),
    Remedy(
        "h11 and asyncio's loop", LIVE, options=("--no-access-log", "--http=h11", "--loop=asyncio")
    ),
]
