"""Runs a database server on a free port, in a temporary folder or a permanent one."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from app.db.engine import create_migrator
from app.db.settings import DatabaseSettings

START_TIMEOUT = 60  # seconds

# The watchdog owns the server, and stops it when its own standard input ends. It ends when the
# parent closes it, crashes or is killed, so that no server is left behind.
WATCHDOG = """
import shutil, subprocess, sys
folder, kept, stop, uid, *command = sys.argv[1:]
user = {"user": int(uid), "group": int(uid), "extra_groups": []} if uid else {}
with open(folder + "/server.log", "wb") as log:
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **user)
    sys.stdin.read()
    server.send_signal(int(stop))
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
if not kept:
    shutil.rmtree(folder, ignore_errors=True)
"""

# Database servers refuse to run as root; 65534 is `nobody`.
UID = 65534 if os.name == "posix" and os.geteuid() == 0 else None


class NoServer(SystemExit):
    """No database server can be started. The message lists ways to get one."""


class Server:
    """The folder, the port and the user of a server."""

    def __init__(self, kept: Path | None = None) -> None:
        self.kept = kept is not None
        self.folder = kept or Path(tempfile.mkdtemp(prefix="test-server-"))
        if UID is not None:
            os.chown(self.folder, UID, UID)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def run(self, *command: str | Path) -> None:
        """Run a command in the folder. Raises CalledProcessError with its output."""
        user: dict[str, Any] = {}
        if UID is not None:
            user = {"user": UID, "group": UID, "extra_groups": ()}
        subprocess.run(command, check=True, cwd=self.folder, capture_output=True, text=True, **user)

    @contextmanager
    def running(
        self, url: URL, *command: str | Path, stop: signal.Signals, as_root: bool = False
    ) -> Generator[URL]:
        """Start the server, wait until `url` answers, and stop it when the block ends."""
        uid = "" if UID is None or as_root else str(UID)
        kept, signal_number = "kept" if self.kept else "", str(int(stop))
        arguments: Sequence[str | Path] = [self.folder, kept, signal_number, uid, *command]
        watchdog = subprocess.Popen(
            [sys.executable, "-c", WATCHDOG, *arguments],
            stdin=subprocess.PIPE,
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C and closing the terminal do not end it
        )
        try:
            self._wait_for(url)
            yield url
        finally:
            watchdog.communicate()

    def _wait_for(self, url: URL) -> None:
        end = time.monotonic() + START_TIMEOUT
        while True:
            try:
                return run_sql(url, "SELECT 1")
            except (DBAPIError, OSError) as error:
                if time.monotonic() > end:
                    log = (self.folder / "server.log").read_text(errors="replace")
                    raise RuntimeError(f"The server did not start:\n{log[-2000:]}") from error
                time.sleep(0.05)


def run_sql(url: URL, statement: str) -> None:
    """Run one statement outside a transaction."""

    async def run() -> None:
        engine = create_migrator(DatabaseSettings.model_construct(database_url=url))
        try:
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                await connection.exec_driver_sql(statement)
        finally:
            await engine.dispose()

    asyncio.run(run())


def docker() -> str | None:
    """The path of the docker client, if the docker engine is running."""
    if (client := shutil.which("docker")) is None:
        return None
    answer = subprocess.run([client, "info"], capture_output=True, check=False, timeout=20)
    return client if answer.returncode == 0 else None
