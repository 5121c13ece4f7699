"""Counts how often each request of a generated project waits for its database.

On the wire, by a proxy before the server; SQLite has no wire, there it is calls to its thread.
Run with the project's own Python, in its folder, on a migrated database of its own; the counts go
into the file that is its argument, as JSON.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from service import DIALECT, Client, create, make_proxy, serving

QUIET = 0.2  # seconds, in which what comes after a response is done
WARM = 8  # times, since drivers prepare a statement once they have seen it often enough
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

    def count(client: Client, quiet: float, method: str, path: str, body: object) -> int:
        before = calls if proxy is None else proxy.round_trips
        client.request(method, path, json=body).raise_for_status()
        time.sleep(quiet)
        return (calls if proxy is None else proxy.round_trips) - before

    found: dict[str, int] = {}
    with serving() as client:
        for quiet in [*[0] * WARM, QUIET]:
            time.sleep(quiet)
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
                found[route] = count(client, quiet, method, path, body)
    Path(sys.argv[1]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
