"""Serves a generated project to clients that hang up, and to hostile requests.

Run with the project's own Python, in its folder, on a migrated database of its own. What is left,
and each status, goes into the file that is its argument, as JSON.
"""

import asyncio
import json
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import uvicorn
from app.db.database import DatabaseDep
from app.db.engine import create_migrator
from app.db.session import UnitOfWork
from app.items.routes import Items
from app.main import create_app
from app.settings import Settings
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

CLIENTS = 200
JSON = {"content-type": "application/json"}
OPEN_TRANSACTIONS = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state LIKE 'idle in transaction%'",
    "mysql": "SELECT count(*) FROM information_schema.innodb_trx JOIN information_schema.processlist"
    " ON id = trx_mysql_thread_id WHERE db = DATABASE()",  # others use the server, too
    "sqlite": "SELECT 0",  # where a writer is left, not even this can begin
}

routes = APIRouter(prefix="/probe")


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
            yield b"x" * 10_000  # outside the unit
            await asyncio.sleep(0.02)

    return StreamingResponse(body())


def request(method: str, path: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def hang_up(port: int, number: int) -> None:
    body = json.dumps({"name": f"rough {number}"}).encode()
    sent = random.choice(
        [
            request("GET", "/items?limit=100"),
            request("POST", "/items", body),
            request("POST", "/items", body)[:-5],
            request("POST", "/probe/slow"),
            request("GET", "/probe/stream"),
        ]
    )
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(sent)
        time.sleep(random.uniform(0, 0.4))
        if number % 2:  # a reset instead of an orderly end
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hostile(client: httpx2.Client) -> dict[str, int]:
    """Each request by a name, and its status."""
    texts = ["\\u0000", "\\ud800", "\\udfff\\ud800", "x" * 300, "\\u202e", ""]
    bodies = {f"name {text[:20]!r}": f'{{"name": "{text}"}}'.encode() for text in texts}
    bodies |= {
        "deep": b'{"name": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        "huge number": b'{"name": ' + b"9" * 100_000 + b"}",
        "infinity": b'{"name": 1e999, "description": NaN}',
        "twice": b'{"name": "a", "name": "twice"}',
        "not utf-8": b'{"name": "\xff\xfe"}',
        "10 MB": b'{"name": "' + b"x" * 10_000_000 + b'"}',
        "nothing": b"",
        "a list": b"[]",
        "null": b"null",
    }
    found = {
        name: client.post("/items", content=body, headers=JSON).status_code
        for name, body in bodies.items()
    }
    found["as text"] = client.post(
        "/items", content=b'{"name": "x"}', headers={"content-type": "text/plain"}
    ).status_code
    ids = [
        "0",
        "-1",
        str(2**63 - 1),
        str(2**63),
        str(2**200),
        "%00",
        "%ed%a0%80",
        "1.5",
        "x" * 2000,
    ]
    for item_id in ids:
        for method in ("GET", "PATCH", "DELETE"):
            body = b'{"name": "x"}' if method == "PATCH" else None
            answer = client.request(
                method,
                f"/items/{item_id}",
                content=body,
                headers=JSON,
            )
            found[f"{method} {item_id[:30]}"] = answer.status_code
    for query in ("limit=-1", "limit=0", "limit=99999999999999999999", "after=%00", "limit=%00"):
        found[query] = client.get(f"/items?{query}").status_code
    for item_id in ids:
        found[f"after {item_id[:30]}"] = client.get(f"/items?after={item_id}").status_code
    return found


def serve(settings: Settings) -> tuple[uvicorn.Server, threading.Thread, int]:
    app = create_app(settings)
    app.include_router(routes)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return server, thread, listener.getsockname()[1]


async def open_transactions(settings: Settings) -> int:
    engine = create_migrator(settings)
    try:
        async with engine.connect() as connection:
            return int(await connection.scalar(text(OPEN_TRANSACTIONS[connection.dialect.name])))
    except OperationalError:  # SQLite: the database is locked
        return 1
    finally:
        await engine.dispose()


def main() -> None:
    settings = Settings()
    server, thread, port = serve(settings)
    try:
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda number: hang_up(port, number), range(CLIENTS)))
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            end = time.monotonic() + 10
            while (checked_out := client.get("/probe/pools").json()) != [0, 0]:
                if time.monotonic() > end:
                    break
                time.sleep(0.1)
            transactions = asyncio.run(open_transactions(settings))
            next_create = client.post("/items", json={"name": "after all"}).status_code
            statuses = hostile(client)
    finally:
        server.should_exit = True
        thread.join()
    result = {
        "checked_out": checked_out,
        "open_transactions": transactions,
        "next_create": next_create,
        "statuses": statuses,
    }
    Path(sys.argv[1]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
