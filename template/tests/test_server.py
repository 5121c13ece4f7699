"""The service as a process: it starts on a port, answers, and shuts down."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import make_url

from app.settings import Settings
from tests.conftest import environment_for

RUNNING = re.compile(r"Uvicorn running on (http://127.0.0.1:[1-9]\d*)")
SERVE = ["fastapi", "run", "--entrypoint", "app.main:app", "--host", "127.0.0.1", "--port", "0"]


@pytest.mark.skipif(os.name != "posix", reason="sends SIGTERM")
def test_start_and_graceful_shutdown(settings: Settings, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with output.open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *SERVE, "--root-path", "/prefix"],
            cwd=tmp_path,
            env=environment_for(settings.database_url, LOG_FORMAT="json"),
            stdout=log,
            stderr=log,
        )
    try:
        address = wait_for_address(server, output)
        assert httpx2.get(f"{address}/health/ready").json() == {"status": "ok"}
        assert httpx2.head(f"{address}/health/ready").headers["content-length"] == "15"
        # The proxy removes the prefix.
        document = httpx2.get(f"{address}/openapi.json").json()
        assert document["servers"] == [{"url": "/prefix"}]
        assert httpx2.get(f"{address}/prefix/openapi.json").status_code == 404
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(20)
    printed = output.read_text(errors="replace")
    assert code in {0, -signal.SIGTERM}, printed
    assert '"path":"/prefix/health/ready"' in printed
    assert "Traceback" not in printed


def test_invalid_setting_prints_one_line(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "uvicorn", "app.main:app"],
        cwd=tmp_path,
        env=environment_for(make_url("oracle://app:secret@localhost/app")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("DATABASE_URL: it is for oracle, ")
    assert "Traceback" not in ended.stderr
    assert "secret" not in ended.stdout + ended.stderr


def wait_for_address(server: "subprocess.Popen[bytes]", output: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        if found := RUNNING.search(output.read_text(errors="replace")):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"The server did not start:\n{output.read_text(errors='replace')}")
