"""Serves a generated project for malicious input, without rate limits, until its input ends.

Runs with the project's own Python, in its folder, on its own migrated database. Writes the address
into the file that is its argument, as JSON. Routes below /probe are not in the OpenAPI document, and
do what clients cannot.
"""

import asyncio
import json
import socket
import sys
import threading
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import uvicorn
from app.api import create_app
from app.db.engine import create_migrator
from app.db.ids import Id
from app.db.session import DatabaseDep
from app.items.models import Item
from app.settings import Settings, read_settings
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import StatementError

if with_users := find_spec("app.auth") is not None:
    from users import fresh_users

probe = APIRouter(prefix="/probe", include_in_schema=False)


class ProbeItem(BaseModel):
    """Values that clients cannot choose."""

    id: Id | None = None
    created_at: datetime | None = None


@probe.post("/items")
async def add_item(values: ProbeItem, db: DatabaseDep) -> Id:
    """Answers 422 for a timestamp that cannot be stored."""
    item = Item(name=f"probe {uuid4()}", **values.model_dump(exclude_none=True))
    try:
        async with db.unit() as session:
            session.add(item)
    except StatementError as error:
        if isinstance(error.orig, ValueError):  # the column refuses it, not the database
            raise HTTPException(422, str(error.orig)) from error
        raise
    return item.id


@probe.post("/fresh")
async def fresh(db: DatabaseDep, request: Request) -> dict[str, object]:
    """Creates what valid requests need, and returns the values by the names of fields."""
    item = Item(name=f"fresh {uuid4()}")
    async with db.unit() as session:
        session.add(item)
        values = await fresh_users(session, request.state.settings) if with_users else {}
    return {"item_id": item.id, **values}


async def reset_ids(settings: Settings) -> None:
    """Resets the counter of ids. The highest id was in use, and MySQL and MariaDB continue after it."""
    engine = create_migrator(settings)
    if engine.dialect.name == "mysql":
        async with engine.begin() as connection:
            await connection.execute(text("ALTER TABLE items AUTO_INCREMENT = 1"))
    await engine.dispose()


def main() -> None:
    settings = read_settings()
    app = create_app(settings)
    app.include_router(probe)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    Path(sys.argv[1]).write_text(json.dumps({"address": address, "users": with_users}))
    sys.stdin.read()
    server.should_exit = True
    thread.join()
    asyncio.run(reset_ids(settings))


if __name__ == "__main__":
    main()
