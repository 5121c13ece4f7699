"""The baseline without a framework: an ASGI application with asyncpg and orjson."""

import os
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import orjson

READ = "SELECT id, name, description, created_at, updated_at FROM items WHERE id = $1"
PAGE = "SELECT id, name, description, created_at, updated_at FROM items ORDER BY id LIMIT $1"
CREATE = (
    "INSERT INTO items (name, description, created_at, updated_at) VALUES ($1, $2, now(), now())"
    " RETURNING id, name, description, created_at, updated_at"
)
JSON = [(b"content-type", b"application/json")]

pool: Any = None


async def app(scope: Any, receive: Any, send: Any) -> None:
    global pool
    if scope["type"] == "lifespan":
        await receive()
        pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=10)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    path, status = scope["path"], 200
    if path == "/health/live":
        body: Any = {"status": "ok"}
    elif scope["method"] == "POST":
        message = await receive()
        new = orjson.loads(message["body"])
        body, status = dict(await pool.fetchrow(CREATE, new["name"], new.get("description"))), 201
    elif path == "/items":
        limit = int(parse_qs(scope["query_string"])[b"limit"][0])
        rows = await pool.fetch(PAGE, limit + 1)
        more = rows[limit - 1]["id"] if len(rows) > limit else None
        body = {"items": [dict(row) for row in rows[:limit]], "next": more}
    else:
        body = dict(await pool.fetchrow(READ, int(path.removeprefix("/items/"))))
    await send({"type": "http.response.start", "status": status, "headers": JSON})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})
