"""Serves a generated project while its database, its disk, its pools and its clients fail.

Run with the project's own Python, in its folder, on a migrated database of its own. For each
fault, what did not hold goes into the file that is its argument, as JSON.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from clients import (
    clients_hang_up,
    increments_race,
    slow_reader,
    tasks_are_cancelled,
    uploads_meet_a_conflict,
)
from disk import disk_is_full, file_becomes_read_only, starts_on_a_read_only_file
from service import DIALECT, Client, Faults, create, kill, left_behind, make_proxy, names, serving

WRITERS = 1 if DIALECT == "sqlite" else 2
TIGHT = {"DATABASE_WRITE_POOL": "2", "DATABASE_POOL_TIMEOUT": "1", "DATABASE_BUSY_TIMEOUT": "1"}
STRICT = {
    "DATABASE_ISOLATION_LEVEL": "SERIALIZABLE",
    "DATABASE_POOL_TIMEOUT": "60",
    "MAX_BODY_SIZE": "5000000",
}
PROXY = make_proxy()


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
    assert PROXY is not None
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


Server = tuple[dict[str, str], list[Callable[[Client], Faults]]]
SERVERS: list[Server] = [
    (STRICT, [commit_fails, connection_is_killed, all_are_killed_between_requests]),
    (STRICT, [increments_race, slow_reader, clients_hang_up, tasks_are_cancelled]),
    (TIGHT, [pool_is_exhausted]),
]
# SQLite has a file and no server, and one writer at a time, whom nobody conflicts with.
ITS_OWN: Server = (
    (TIGHT, [disk_is_full])
    if DIALECT == "sqlite"
    else (STRICT, [uploads_meet_a_conflict, database_is_away])
)


def main() -> None:
    gc.disable()  # what only the collector would free is left behind
    found: dict[str, list[str]] = {}
    for environment, faults in [*SERVERS, ITS_OWN]:
        with serving(**environment) as client:
            for fault in faults:
                found[fault.__name__.replace("_", " ")] = [*fault(client), *left_behind(client)]
    if DIALECT == "sqlite":
        for check in (starts_on_a_read_only_file, file_becomes_read_only):
            found[check.__name__.replace("_", " ")] = [*check()]
    Path(sys.argv[1]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
