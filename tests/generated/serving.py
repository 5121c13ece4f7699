"""Runs a generated project as a service: in production mode, by `just dev`, or by a probe script."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.support.commands import PASSWORD, CommandFailed, check_no_secret, run_command

PROBES = Path(__file__).parent / "probes"
"""Scripts that run inside a generated project, with its own Python."""

JSON_HEADERS = {"Content-Type": "application/json"}
START_TIMEOUT = 60  # seconds
STOP_TIMEOUT = 30  # seconds
RUNNING = re.compile(r"Uvicorn running on (http://127.0.0.1:[1-9]\d*)")
Service = tuple["subprocess.Popen[bytes]", str]


@contextmanager
def run_production_service(project: Path, env: dict[str, str]) -> Iterator[Service]:
    """Runs the image's command. Yields the process and its address, and checks its log for secrets."""
    output = project / "service.log"
    uvicorn = Path(env["UV_PROJECT_ENVIRONMENT"]) / "bin" / "uvicorn"
    with output.open("w") as log:
        service = subprocess.Popen(
            [uvicorn, "app.main:app", "--host", "127.0.0.1", "--port", "0", "--no-access-log"],
            cwd=project,
            env=env | {"LOG_FORMAT": "json"},
            stdout=log,
            stderr=log,
        )
    try:
        yield service, wait_for_address(service, output)
    finally:
        service.kill()
        service.wait()
        check_no_secret(output.read_text())


def wait_for_address(service: "subprocess.Popen[bytes]", output: Path) -> str:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and service.poll() is None:
        if found := RUNNING.search(output.read_text()):
            return found[1]
        time.sleep(0.05)
    raise CommandFailed(f"The service did not start:\n{output.read_text()}")


@contextmanager
def run_probe_service(
    project: Path, env: dict[str, str], script: str, *arguments: str, log: Path
) -> Iterator[dict[str, Any]]:
    """Runs a script of `probes/` that serves the project until its input ends.

    Yields what the script writes into the file that is its first argument, with the `address`.
    """
    written = (project / f"{script}.json").absolute()
    written.unlink(missing_ok=True)
    with log.open("w") as output:
        server = subprocess.Popen(
            ["uv", "run", "python", str(PROBES / script), str(written), *arguments],
            cwd=project,
            env=env | {"PYTHONPATH": "."},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + START_TIMEOUT
        while not written.exists() or not written.read_text():
            if server.poll() is not None or time.monotonic() > end:
                raise CommandFailed(f"{script} did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield json.loads(written.read_text())
    finally:
        server.communicate()
        check_no_secret(log.read_text())


@contextmanager
def run_just_dev(project: Path, env: dict[str, str]) -> Iterator[str]:
    """Runs `just dev` and yields its address. Ctrl-C ends it, and has to end all its processes."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, output = f"http://127.0.0.1:{port}", project / "dev.log"
    with output.open("w") as log:
        service = subprocess.Popen(
            ["uv", "run", "just", "dev", f"--port={port}"],
            cwd=project,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,  # so that SIGINT reaches all processes, as in a terminal
        )
    try:
        end = time.monotonic() + START_TIMEOUT
        while not is_live(address):
            if time.monotonic() > end or service.poll() is not None:
                raise CommandFailed(f"`just dev` does not answer:\n{output.read_text()}")
            time.sleep(0.1)
        yield address
    finally:
        os.killpg(service.pid, signal.SIGINT)
        service.wait(30)


def delete_dev_database(project: Path, env: dict[str, str]) -> None:
    """Deletes the data of the development server, which may be outside the project."""
    if not (project / "dev" / "database.py").exists():
        return  # SQLite has no server
    script = "from dev.database import FOLDER; print(FOLDER)"
    folder = Path(run_command(project, env, "uv", "run", "python", "-c", script).split()[-1])
    end = time.monotonic() + STOP_TIMEOUT
    while (folder / "address").exists():
        if time.monotonic() > end:
            raise CommandFailed(f"The server in {folder} still runs after the last command")
        time.sleep(0.1)
    with (folder / "users.lock").open() as lock:
        flock(lock, LOCK_EX)  # the server holds it until it has stopped
    shutil.rmtree(folder)


def is_live(address: str) -> bool:
    try:
        with urlopen(f"{address}/health/live", timeout=5) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except URLError:
        return False


def sign_up(address: str) -> dict[str, str]:
    """Registers a user and signs in. Returns the Authorization header."""
    account = {"email": f"{uuid4()}@example.com", "password": PASSWORD}
    register = Request(f"{address}/auth/register", json.dumps(account).encode(), JSON_HEADERS)
    urlopen(register).close()
    form = urlencode({"username": account["email"], "password": PASSWORD}).encode()
    with urlopen(f"{address}/auth/jwt/login", form) as response:
        return {"Authorization": f"Bearer {json.load(response)['access_token']}"}
