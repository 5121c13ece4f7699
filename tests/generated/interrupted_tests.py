"""Interrupts the tests of a project, and checks that no server keeps running and no file remains."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.generated.project import GeneratedProject
from tests.support.commands import CommandFailed

TIMEOUT = 60  # seconds


def interrupt_tests(project: GeneratedProject) -> None:
    """Raises CommandFailed if the tests go on, or leave a server or a temporary folder."""
    for sent in (signal.SIGINT, signal.SIGHUP):
        with tempfile.TemporaryDirectory() as folder:
            check_nothing_is_left(project, Path(folder), sent)


def check_nothing_is_left(project: GeneratedProject, folder: Path, sent: signal.Signals) -> None:
    folder.chmod(0o777)  # the server may run as another user
    output = run_interrupted(project, folder, sent)
    wait_until(lambda: not processes_in(folder), f"A server runs after {sent.name}", output)
    wait_until(lambda: not list(folder.glob("test-*")), f"Files after {sent.name}", output)


def run_interrupted(project: GeneratedProject, folder: Path, sent: signal.Signals) -> Path:
    """Starts the tests and sends them a signal, as a terminal does. Returns their output."""
    env = {name: value for name, value in project.env.items() if name != "TEST_DATABASE_URL"}
    output = project.path / "interrupted.log"
    with output.open("w") as log:
        tests = subprocess.Popen(
            [project.environment / "bin" / "pytest"],
            cwd=project.path,
            env=env | {"TMPDIR": str(folder)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    wait_until(lambda: "[" in output.read_text(), "The tests do not start", output)
    os.killpg(tests.pid, sent)
    try:
        code = tests.wait(TIMEOUT)
    except subprocess.TimeoutExpired:
        tests.kill()
        raise CommandFailed(f"The tests go on after {sent.name}:\n{output.read_text()}") from None
    if sent is signal.SIGINT and code != 2:
        raise CommandFailed(f"The tests end with {code}:\n{output.read_text()}")
    return output


def processes_in(folder: Path) -> list[str]:
    """Returns the numbers of the processes that have the folder in their arguments."""
    found = []
    for arguments in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in arguments.read_bytes():
                found.append(arguments.parent.name)
        except OSError:  # it has ended
            continue
    return found


def wait_until(condition: Callable[[], bool], message: str, output: Path) -> None:
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise CommandFailed(f"{message}:\n{output.read_text()}")
        time.sleep(0.1)
