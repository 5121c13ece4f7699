"""Serves a generated project with further routes, which inject faults and show open connections."""

import asyncio
import hashlib
import os
import random
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from unittest.mock import patch
from uuid import uuid4

import uvicorn
from app.api import create_app, include_domain
from app.db.engine import create_migrator
from app.db.ids import Id
from app.db.session import DatabaseDep, UnitOfWork, connect
from app.items.routes import Items
from app.items.schemas import ItemCreate, ItemUpdate
from app.settings import read_settings
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from httpx2 import Client, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tcp_proxy import Proxy
from tests.database import make_commit_fail

Findings = Iterator[str]  # what is wrong after a fault

os.environ.setdefault("SECRET_KEY", uuid4().hex)  # the same for all settings of this process
DIALECT = read_settings().database_url.get_backend_name().replace("mariadb", "mysql")
PORTS = {"postgresql": 5432, "mysql": 3306}
OWN_ID = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE()"
    " AND id <> CONNECTION_ID()",
}
OPEN_TRANSACTIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state LIKE 'idle in transaction%'",
    "mysql": "SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist"
    " ON id = trx_mysql_thread_id WHERE db = DATABASE()",  # other projects share the server
    "sqlite": "SELECT 0",  # fails with "database is locked" if a transaction is open
}
# Raises the error by which a database asks for a retry. SQLite has one writer, and no such error.
CONFLICT = {
    "postgresql": "DO $$ BEGIN RAISE 'conflict' USING ERRCODE = 'serialization_failure'; END $$",
    "mysql": "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'conflict'",
}
routes = APIRouter(prefix="/probe")
released = asyncio.Event()
attempts = 0


@routes.get("/pools")
async def pools(db: DatabaseDep) -> list[int]:
    return [engine.pool.checkedout() for engine in (db.writer, db.reader)]


@routes.post("/slow", dependencies=[UnitOfWork])
async def slow(items: Items) -> None:
    await items.page(1, None)
    await asyncio.sleep(random.uniform(0, 0.2))


@routes.get("/stream")
async def stream(db: DatabaseDep) -> StreamingResponse:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            async with db.unit(read_only=True) as session:
                await session.connection()
            yield b"x" * 10_000  # outside of the unit of work
            await asyncio.sleep(0.02)

    return StreamingResponse(body())


@routes.post("/killed", dependencies=[UnitOfWork])
async def killed(items: Items) -> None:
    """Ends the connection between INSERT and COMMIT, on the server or, for SQLite, in the driver."""
    await items.create(ItemCreate(name="killed"))
    connection = await items.session.connection()
    if DIALECT == "sqlite":
        await (await connection.get_raw_connection()).driver_connection.close()
    else:
        await kill([await connection.scalar(text(OWN_ID[DIALECT]))])


@routes.post("/uncommitted", dependencies=[UnitOfWork])
async def uncommitted(items: Items) -> None:
    await items.create(ItemCreate(name="uncommitted"))
    await make_commit_fail(items.session)


@routes.post("/hold", dependencies=[UnitOfWork])
async def hold(items: Items) -> None:
    await items.page(1, None)
    await released.wait()


@routes.post("/release")
async def release() -> None:
    released.set()


@routes.post("/increment/{item_id}", dependencies=[UnitOfWork])
async def increment(item_id: Id, items: Items) -> int:
    item = await items.get(item_id)
    value = int(item.description or 0) + 1
    await asyncio.sleep(0)
    await items.update(item, ItemUpdate(description=str(value)))
    return value


@routes.post("/upload/{name}", dependencies=[UnitOfWork])
async def upload(name: str, items: Items, request: Request) -> list[str | int]:
    """Returns the checksum of a form's file or of a streamed body, and the number of the attempt.

    The first attempt fails with a conflict, so that the request is retried.
    """
    global attempts
    attempts += 1
    digest = hashlib.sha256()
    if request.headers.get("content-type", "").startswith("multipart/"):
        async with request.form() as form:
            digest.update(await form["file"].read())
    else:
        async for chunk in request.stream():
            digest.update(chunk)
    item = await items.create(ItemCreate(name=name, description=digest.hexdigest()))
    if attempts == 1:
        await (await items.session.connection()).exec_driver_sql(CONFLICT[DIALECT])
    return [item.description or "", attempts]


@routes.post("/forget-attempts")
async def forget_attempts() -> None:
    global attempts
    attempts = 0


@routes.post("/pages/{limit}", dependencies=[UnitOfWork])
async def limit_pages(limit: int, items: Items) -> None:
    """Limits the pages of the SQLite file. 1 means as many as it has now."""
    connection = await items.session.connection()
    await connection.exec_driver_sql(f"PRAGMA max_page_count = {limit}")


class CancelMiddleware:
    """Cancels the task of a request after the seconds in its header `X-Cancel`, once or twice."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cancels = dict(scope.get("headers", ())).get(b"x-cancel", b"").split()
        if not cancels:
            return await self.app(scope, receive, send)
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        task = asyncio.create_task(self.app(scope, receive, watch))
        for seconds in cancels:
            asyncio.get_running_loop().call_later(float(seconds), task.cancel)
        await asyncio.wait([task])
        if task.cancelled() and not started:
            await send({"type": "http.response.start", "status": 504, "headers": []})
            await send({"type": "http.response.body", "body": b""})


def make_proxy() -> Proxy | None:
    """Starts a proxy before the database server, and points DATABASE_URL to it. None for SQLite."""
    url = read_settings().database_url
    if DIALECT == "sqlite":
        return None
    proxy = Proxy(url.host or "127.0.0.1", url.port or PORTS[DIALECT])
    through = url.set(host="127.0.0.1", port=proxy.port)
    os.environ["DATABASE_URL"] = through.render_as_string(hide_password=False)
    return proxy


@contextmanager
def serving(headers: dict[str, str] | None = None, **environment: str) -> Iterator[Client]:
    """Runs the service in a thread. Yields a client, which is signed in if there are users."""
    if headers is None:
        headers = asyncio.run(authorization())
    with patch.dict(os.environ, environment):
        app = create_app(read_settings())
    app.include_router(routes)
    if find_spec("python_multipart"):
        from form_routes import router

        include_domain(app, router)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(CancelMiddleware(app), log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with Client(base_url=address, timeout=120, headers=headers) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


async def authorization() -> dict[str, str]:
    """Returns the header of a superuser, who sees all items."""
    if find_spec("app.auth") is None:
        return {}
    from app.auth.manager import UserManager
    from app.auth.tokens import BEARER, TokenSigner

    settings = read_settings()
    async with connect(settings) as db, db.unit() as session:
        address = f"{uuid4()}@example.com"
        manager = UserManager.from_session(session, settings)
        user = await manager.register(address, uuid4().hex, is_superuser=True)
    token = TokenSigner(settings).sign(user, BEARER, seconds=3600)
    return {"Authorization": f"Bearer {token}"}


async def kill(connections: list[int] | None = None) -> None:
    """Kills these connections to the database, or all others."""
    engine = create_migrator(read_settings()).execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        if connections is None:
            connections = list((await connection.execute(text(OTHERS[DIALECT]))).scalars())
        for number in connections:
            await connection.execute(text(KILL[DIALECT].format(number)))
    await engine.dispose()


async def open_transactions() -> int:
    engine = create_migrator(read_settings())
    try:
        async with engine.connect() as connection:
            return int(await connection.scalar(text(OPEN_TRANSACTIONS[DIALECT])))
    except DBAPIError:  # SQLite: the database is locked
        return 1
    finally:
        await engine.dispose()


def create(client: Client, description: str | None = None, timeout: float = 120) -> Response:
    item = {"name": f"item {uuid4()}", "description": description}
    return client.post("/items", json=item, timeout=timeout)


def names(client: Client) -> set[str]:
    found: set[str] = set()
    after: dict[str, object] | None = {}
    while after is not None:
        page = client.get("/items", params={"limit": 100, **after}).json()
        found |= {item["name"] for item in page["items"]}
        after = {"after": page["next"]} if page["next"] is not None else None
    return found


def check_recovery(client: Client) -> Findings:
    """Checks that no connection is in use, no transaction is open, and the next request works."""
    end = time.monotonic() + 30
    while (pools := client.get("/probe/pools").json()) != [0, 0] and time.monotonic() < end:
        time.sleep(0.1)
    if pools != [0, 0]:
        yield f"connections are still in use: {pools}"
    # A server may still roll back what a client has left.
    while (transactions := asyncio.run(open_transactions())) and time.monotonic() < end:
        time.sleep(0.1)
    if transactions:
        yield f"{transactions} transactions are open"
    if (status := create(client).status_code) != 201:
        yield f"the next request gets {status}"
