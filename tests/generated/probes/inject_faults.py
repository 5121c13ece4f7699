"""Serves a generated project and injects faults of its database, disk, pools and clients.

Runs with the project's own Python, in its folder, on its own migrated database. Writes what is wrong
after each fault into the file that is its argument, as JSON.
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
from client_faults import (
    client_reads_slowly,
    clients_hang_up,
    concurrent_increments,
    tasks_are_cancelled,
    uploads_are_retried,
)
from disk_faults import disk_is_full, file_becomes_read_only, starts_on_a_read_only_file
from idempotency_faults import lose_answer_to_commit, same_key_at_once
from service import (
    DIALECT,
    Client,
    Findings,
    check_recovery,
    create,
    kill,
    make_proxy,
    names,
    serving,
)

WRITERS = 1 if DIALECT == "sqlite" else 2
TIGHT = {"DATABASE_WRITE_POOL": "2", "DATABASE_POOL_TIMEOUT": "1", "DATABASE_BUSY_TIMEOUT": "1"}
STRICT = {
    "DATABASE_ISOLATION_LEVEL": "SERIALIZABLE",
    "DATABASE_POOL_TIMEOUT": "60",
    "MAX_BODY_SIZE": "5000000",
}
PROXY = make_proxy()


def commit_fails(client: Client) -> Findings:
    if (answer := client.post("/probe/uncommitted")).status_code not in {409, 503}:
        yield f"answered {answer.status_code}"
    if "uncommitted" in names(client):
        yield "the row is stored"


def connection_is_killed(client: Client) -> Findings:
    if (answer := client.post("/probe/killed")).status_code != 503:
        yield f"answered {answer.status_code}"
    if "killed" in names(client):
        yield "the row is stored"


def idle_connections_are_killed(client: Client) -> Findings:
    with ThreadPoolExecutor(20) as pool:  # fills the pools
        list(pool.map(lambda _: (create(client), client.get("/items")), range(20)))
    if DIALECT != "sqlite":
        asyncio.run(kill())
        time.sleep(0.2)
    statuses = [client.get("/items").status_code for _ in range(15)]
    statuses += [create(client).status_code for _ in range(15)]
    if set(statuses) != {200, 201}:
        yield f"answered {sorted(set(statuses))}"


def pool_is_exhausted(client: Client) -> Findings:
    with ThreadPoolExecutor(8) as pool:
        holding = [pool.submit(client.post, "/probe/hold") for _ in range(WRITERS)]
        while client.get("/probe/pools").json()[0] < WRITERS:
            time.sleep(0.05)
        try:
            refused = create(client, timeout=15)  # waits for DATABASE_POOL_TIMEOUT
            if refused.status_code != 503 or "retry-after" not in refused.headers:
                yield f"answered {refused.status_code} {dict(refused.headers)}"
            if client.get("/health/live").status_code != 200:
                yield "it is not live"
        except httpx2.ReadTimeout:
            yield "a request waits forever"
        finally:
            client.post("/probe/release")
        for held in holding:
            if held.result().status_code != 200:
                yield f"a request that held a connection gets {held.result().status_code}"


def database_is_down(client: Client) -> Findings:
    assert PROXY is not None
    client.get("/items")
    PROXY.stop()
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
            yield f"{method} {path} has no Retry-After"
    PROXY.start()
    end = time.monotonic() + 30
    while (ready := client.get("/health/ready").status_code) != 200 and time.monotonic() < end:
        time.sleep(0.1)
    if ready != 200:
        yield "it is not ready although the database is up again"
    if "lost" in names(client):
        yield "the row of a request with a 503 is stored"


def answer_to_commit_is_lost(client: Client) -> Findings:
    assert PROXY is not None
    yield from lose_answer_to_commit(PROXY, client)


Faults = tuple[dict[str, str], list[Callable[[Client], Findings]]]
# Settings of the service, and the faults that are injected with them.
FAULTS: list[Faults] = [
    (STRICT, [commit_fails, connection_is_killed, idle_connections_are_killed, same_key_at_once]),
    (STRICT, [concurrent_increments, client_reads_slowly, clients_hang_up, tasks_are_cancelled]),
    (TIGHT, [pool_is_exhausted]),
]
# SQLite has a file instead of a server, and one writer at a time, so that there is no conflict.
FAULTS_OF_DIALECT: Faults = (
    (TIGHT, [disk_is_full])
    if DIALECT == "sqlite"
    else (STRICT, [answer_to_commit_is_lost, uploads_are_retried, database_is_down])
)


def main() -> None:
    gc.disable()  # so that connections which only the garbage collector would close are found
    found: dict[str, list[str]] = {}
    for environment, faults in [*FAULTS, FAULTS_OF_DIALECT]:
        with serving(**environment) as client:
            for fault in faults:
                found[fault.__name__.replace("_", " ")] = [*fault(client), *check_recovery(client)]
    if DIALECT == "sqlite":
        for check in (starts_on_a_read_only_file, file_becomes_read_only):
            found[check.__name__.replace("_", " ")] = [*check()]
    Path(sys.argv[1]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
