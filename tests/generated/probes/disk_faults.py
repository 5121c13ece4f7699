"""Faults of SQLite's disk: it is full, or the file may only be read."""

import asyncio
import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from app.settings import Settings
from service import Client, Faults, authorization, create, left_behind, names, serving

NOBODY = 65534


def disk_is_full(client: Client) -> Faults:
    """Writes are refused and reads go on; there is room again, and nothing has to be restarted."""
    before = names(client)
    with no_file_grows():
        yield from only_reads(client, "where no file can grow")
    client.post("/probe/pages/1")
    for _ in range(20):  # until the pages that it has are used up
        if (answer := create(client, description="x" * 2000)).status_code != 201:
            break
        before.add(answer.json()["name"])
    yield from only_reads(client, "where no page is left")
    if (status := client.post("/probe/pages/1000000").status_code) != 200:
        yield f"it has no room again: {status}"
    if names(client) != before:
        yield "the row of a 503 is there"


def only_reads(client: Client, where: str) -> Faults:
    answer = create(client, description="x" * 2000)
    if answer.status_code != 503 or "retry-after" not in answer.headers:
        yield f"{where} a create gets {answer.status_code}"
    for path in ("/items", "/health/ready", "/health/live"):
        if (status := client.get(path).status_code) != 200:
            yield f"{where} GET {path} gets {status}"


@contextmanager
def no_file_grows() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def starts_on_a_read_only_file() -> Faults:
    """It is not ready, and says so; it is once the file may be written."""
    with ExitStack() as stack, copied_database() as (headers, file):
        with read_only(file):
            client = stack.enter_context(serving(headers, DATABASE_URL=f"sqlite:///{file}"))
            for path, expected in (("live", 200), ("ready", 503)):
                if (status := client.get(f"/health/{path}").status_code) != expected:
                    yield f"/health/{path} gets {status}"
            if (status := create(client).status_code) != 503:
                yield f"a create gets {status}"
        yield from left_behind(client)


def file_becomes_read_only() -> Faults:
    """Before the first write, which opens the file: no later write is refused for that."""
    with (
        copied_database() as (headers, file),
        serving(headers, DATABASE_URL=f"sqlite:///{file}") as client,
    ):
        client.get("/items").raise_for_status()
        with read_only(file):
            yield from only_reads(client, "where the file may only be read")
        yield from left_behind(client)


@contextmanager
def copied_database() -> Iterator[tuple[dict[str, str], Path]]:
    """A copy of it, and the header of a user who is there."""
    source = Settings().database_url.database
    assert source is not None
    headers = asyncio.run(authorization())
    with tempfile.TemporaryDirectory(prefix="read-only-") as folder:
        copy = Path(folder, "test.db")
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        yield headers, copy


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """For everyone: root, who may write whatever the mode says, is somebody else meanwhile."""
    root = os.geteuid() == 0
    file.parent.chmod(0o555)
    file.chmod(0o444)
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        file.parent.chmod(0o755)
        file.chmod(0o644)
