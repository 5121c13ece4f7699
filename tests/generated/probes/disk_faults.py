"""Faults of SQLite's disk: it is full, or the file is read-only."""

import asyncio
import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from app.settings import read_settings
from service import Client, Findings, authorization, check_recovery, create, names, serving

NOBODY = 65534


def disk_is_full(client: Client) -> Findings:
    """Writes are refused and reads work. When there is space again, no restart is needed."""
    before = names(client)
    with no_file_grows():
        yield from check_reads_only(client, "when no file can grow")
    client.post("/probe/pages/1")
    for _ in range(20):  # until the free pages are used up
        if (answer := create(client, description="x" * 2000)).status_code != 201:
            break
        before.add(answer.json()["name"])
    yield from check_reads_only(client, "when no page is left")
    if (status := client.post("/probe/pages/1000000").status_code) != 200:
        yield f"a write with free space gets {status}"
    if names(client) != before:
        yield "the row of a request with a 503 is stored"


def check_reads_only(client: Client, when: str) -> Findings:
    answer = create(client, description="x" * 2000)
    if answer.status_code != 503 or "retry-after" not in answer.headers:
        yield f"{when} a create gets {answer.status_code}"
    for path in ("/items", "/health/ready", "/health/live"):
        if (status := client.get(path).status_code) != 200:
            yield f"{when} GET {path} gets {status}"


@contextmanager
def no_file_grows() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def starts_on_a_read_only_file() -> Findings:
    """The service is live but not ready, until the file is writable."""
    with ExitStack() as stack, copied_database() as (headers, file):
        with read_only(file):
            client = stack.enter_context(serving(headers, DATABASE_URL=f"sqlite:///{file}"))
            for path, expected in (("live", 200), ("ready", 503)):
                if (status := client.get(f"/health/{path}").status_code) != expected:
                    yield f"/health/{path} gets {status}"
            if (status := create(client).status_code) != 503:
                yield f"a create gets {status}"
        yield from check_recovery(client)


def file_becomes_read_only() -> Findings:
    """The file becomes read-only before the first write, which opens it. Later writes work again."""
    with (
        copied_database() as (headers, file),
        serving(headers, DATABASE_URL=f"sqlite:///{file}") as client,
    ):
        client.get("/items").raise_for_status()
        with read_only(file):
            yield from check_reads_only(client, "when the file is read-only")
        yield from check_recovery(client)


@contextmanager
def copied_database() -> Iterator[tuple[dict[str, str], Path]]:
    """Yields the Authorization header of a superuser, and a copy of the database with that user."""
    source = read_settings().database_url.database
    assert source is not None
    headers = asyncio.run(authorization())
    with tempfile.TemporaryDirectory(prefix="read-only-") as folder:
        copy = Path(folder, "test.db")
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
        yield headers, copy


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Makes a file read-only. Root ignores modes, so that the process becomes another user for now."""
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
