"""Counts how often each request of a generated project waits for its database.

A proxy before the server counts network round trips. SQLite has no server: its calls to a thread are
counted. Runs with the project's own Python, in its folder, on its own migrated database. Writes the
counts into the file that is its argument, as JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from service import DIALECT, Client, create, make_proxy, serving

PAUSE = 0.2  # seconds, for work that is done after the response
WARM_UP = 8  # requests, because drivers prepare a statement only when they have seen it often
calls = 0


def count_calls() -> None:
    import aiosqlite

    call = aiosqlite.Connection._execute

    async def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        global calls
        calls += 1
        return await call(self, *args, **kwargs)

    aiosqlite.Connection._execute = counted


def main() -> None:
    proxy = make_proxy()
    if DIALECT == "sqlite":
        count_calls()

    def count(client: Client, pause: float, method: str, path: str, body: object) -> int:
        before = calls if proxy is None else proxy.round_trips
        client.request(method, path, json=body).raise_for_status()
        time.sleep(pause)
        return (calls if proxy is None else proxy.round_trips) - before

    found: dict[str, int] = {}
    with serving() as client:
        for pause in [*[0] * WARM_UP, PAUSE]:
            time.sleep(pause)
            item = f"/items/{create(client).json()['id']}"
            for method, path, body in (
                ("GET", "/health/live", None),
                ("GET", item, None),
                ("GET", "/items?limit=20", None),
                ("POST", "/items", {"name": f"item {uuid4()}"}),
                ("PATCH", item, {"name": f"item {uuid4()}"}),
                ("DELETE", item, None),
            ):
                route = f"{method} {path.replace(item, '/items/{id}')}"
                found[route] = count(client, pause, method, path, body)
    Path(sys.argv[1]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
