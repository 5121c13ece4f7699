"""Serves a generated project while its database, its pools and its clients fail.

Run with the project's own Python, in its folder, on a migrated database of its own. For each
fault, what did not hold goes into the file that is its argument, as JSON.
"""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
from app.db.engine import create_migrator
from app.db.ids import Id
from app.db.session import UnitOfWork
from app.items.models import Item
from app.items.routes import Items
from app.settings import Settings
from proxy import Proxy
from rough_clients import open_transactions, routes, serve
from sqlalchemy import text
from tests.database import make_commit_fail

OWN_ID = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}
KILL = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}"}
OTHERS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = DATABASE()"
    " AND id <> CONNECTION_ID()",
}
DIALECT = Settings().database_url.get_backend_name().replace("mariadb", "mysql")
INCREMENTS = 120
WRITERS = 1 if DIALECT == "sqlite" else 2
released = asyncio.Event()
TIGHT = {"DATABASE_WRITE_POOL": "2", "DATABASE_POOL_TIMEOUT": "1", "DATABASE_BUSY_TIMEOUT": "1"}
STRICT = {"DATABASE_ISOLATION_LEVEL": "SERIALIZABLE", "DATABASE_POOL_TIMEOUT": "60"}

Client = httpx2.Client


@routes.post("/killed", dependencies=[UnitOfWork])
async def killed(items: Items) -> None:
    """Between INSERT and COMMIT the connection is ended, by the server or by itself."""
    await items.add(Item(name="killed"))
    connection = await items.session.connection()
    if DIALECT == "sqlite":
        await (await connection.get_raw_connection()).driver_connection.close()
    else:
        await kill([await connection.scalar(text(OWN_ID[DIALECT]))])


@routes.post("/uncommitted", dependencies=[UnitOfWork])
async def uncommitted(items: Items) -> None:
    await items.add(Item(name="uncommitted"))
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
    assert item is not None
    value = int(item.description or 0) + 1
    await asyncio.sleep(0)
    item.description = str(value)
    await items.save(item)
    return value


async def kill(connections: list[int] | None = None) -> None:
    """These connections to the database, or all but the own one."""
    engine = create_migrator(Settings()).execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        if connections is None:
            connections = list((await connection.execute(text(OTHERS[DIALECT]))).scalars())
        for number in connections:
            await connection.execute(text(KILL[DIALECT].format(number)))
    await engine.dispose()


def create(client: Client, timeout: float = 120) -> httpx2.Response:
    return client.post("/items", json={"name": f"item {uuid4()}"}, timeout=timeout)


def names(client: Client) -> set[str]:
    found: set[str] = set()
    after: dict[str, object] = {}
    while after is not None:
        page = client.get("/items", params={"limit": 100, **after}).json()
        found |= {item["name"] for item in page["items"]}
        after = {"after": page["next"]} if page["next"] is not None else None  # type: ignore
    return found


# Each of these is given a client, and yields what does not hold.
Faults = Iterator[str]


def commit_fails(client: Client) -> Faults:
    if (answer := client.post("/probe/uncommitted")).status_code not in {409, 503}:
        yield f"answered {answer.status_code}"
    if "uncommitted" in names(client):
        yield "the row is there"


def connection_is_killed(client: Client) -> Faults:
    if (answer := client.post("/probe/killed")).status_code != 503:
        yield f"answered {answer.status_code}"
    if "killed" in names(client):
        yield "the row is there"


def all_are_killed_between_requests(client: Client) -> Faults:
    with ThreadPoolExecutor(20) as pool:  # fill the pools
        list(pool.map(lambda _: (create(client), client.get("/items")), range(20)))
    if DIALECT != "sqlite":
        asyncio.run(kill())
        time.sleep(0.2)
    statuses = [client.get("/items").status_code for _ in range(15)]
    statuses += [create(client).status_code for _ in range(15)]
    if set(statuses) != {200, 201}:
        yield f"answered {sorted(set(statuses))}"


def increments_race(client: Client) -> Faults:
    item = create(client).json()["id"]
    with ThreadPoolExecutor(INCREMENTS) as pool:
        path = f"/probe/increment/{item}"
        answers = list(pool.map(lambda _: client.post(path), range(INCREMENTS)))
    done = [answer.json() for answer in answers if answer.status_code == 200]
    others = {answer.status_code for answer in answers} - {200}
    value = int(client.get(f"/items/{item}").json()["description"])
    if others - {503}:
        yield f"answered {others}"
    if sorted(done) != list(range(1, value + 1)):
        yield f"{len(done)} clients were told of an increment, and the value is {value}"
    if len(done) < INCREMENTS // 2:
        yield f"only {len(done)} of {INCREMENTS} came through"


def slow_reader(client: Client) -> Faults:
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        reader.connect(address)
        reader.sendall(b"GET /probe/stream HTTP/1.1\r\nHost: test\r\n\r\n")
        reader.recv(10)
        time.sleep(1)
        if (pools := client.get("/probe/pools").json()) != [0, 0]:
            yield f"it holds connections: {pools}"


def pool_is_exhausted(client: Client) -> Faults:
    with ThreadPoolExecutor(8) as pool:
        holding = [pool.submit(client.post, "/probe/hold") for _ in range(WRITERS)]
        while client.get("/probe/pools").json()[0] < WRITERS:
            time.sleep(0.05)
        try:
            refused = create(client, timeout=15)  # it waits for its turn for DATABASE_POOL_TIMEOUT
            if refused.status_code != 503 or "retry-after" not in refused.headers:
                yield f"answered {refused.status_code} {dict(refused.headers)}"
            if client.get("/health/live").status_code != 200:
                yield "it is not live"
        except httpx2.ReadTimeout:
            yield "a request waits for ever"
        finally:
            client.post("/probe/release")
        for held in holding:
            if held.result().status_code != 200:
                yield f"a request that held a connection gets {held.result().status_code}"


def database_is_away(client: Client) -> Faults:
    if PROXY is None:
        return  # SQLite is a file
    client.get("/items")
    PROXY.cut()
    time.sleep(0.2)
    for method, path, expected in (
        ("GET", "/health/live", 200),
        ("GET", "/health/ready", 503),
        ("GET", "/items", 503),
        ("POST", "/items", 503),
    ):
        answer = client.request(method, path, json={"name": "lost"} if method == "POST" else None)
        if answer.status_code != expected:
            yield f"{method} {path} gets {answer.status_code}"
        if expected == 503 and "retry-after" not in answer.headers:
            yield f"{method} {path} does not say when to try again"
    PROXY.up()
    end = time.monotonic() + 30
    while (ready := client.get("/health/ready").status_code) != 200 and time.monotonic() < end:
        time.sleep(0.1)
    if ready != 200:
        yield "it is not ready when the database is back"
    if "lost" in names(client):
        yield "the row of a 503 is there"


def make_proxy() -> Proxy | None:
    """Before the database's server, which the service then finds there."""
    url = Settings().database_url
    if url.host is None or url.port is None:
        return None
    proxy = Proxy(url.host, url.port)
    through = url.set(host="127.0.0.1", port=proxy.port)
    os.environ["DATABASE_URL"] = through.render_as_string(hide_password=False)
    return proxy


PROXY = make_proxy()
SERVERS: list[tuple[dict[str, str], list[Callable[[Client], Faults]]]] = [
    (STRICT, [commit_fails, connection_is_killed, all_are_killed_between_requests]),
    (STRICT, [increments_race, slow_reader, database_is_away]),
    (TIGHT, [pool_is_exhausted]),
]


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[Client]:
    os.environ.update(environment)
    server, thread, port = serve(Settings())
    try:
        with Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            client.get("/health/ready").raise_for_status()
            yield client
    finally:
        server.should_exit = True
        thread.join()


def left_behind(client: Client) -> Faults:
    """What no fault may leave: a connection in use, a transaction, a service that stays broken."""
    end = time.monotonic() + 30
    while (pools := client.get("/probe/pools").json()) != [0, 0] and time.monotonic() < end:
        time.sleep(0.1)
    if pools != [0, 0]:
        yield f"connections are left: {pools}"
    if transactions := asyncio.run(open_transactions(Settings())):
        yield f"{transactions} transactions are open"
    if (status := create(client).status_code) != 201:
        yield f"the next request gets {status}"


def main() -> None:
    found: dict[str, list[str]] = {}
    for environment, faults in SERVERS:
        with serving(environment) as client:
            for fault in faults:
                name = fault.__name__.replace("_", " ")
                found[name] = [*fault(client), *left_behind(client)]
    Path(sys.argv[1]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
