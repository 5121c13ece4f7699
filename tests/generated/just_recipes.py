"""The recipes of a generated project, as a person uses them who has no database and no .env yet."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.faults import JSON, sign_up
from tests.releases import git
from tests.steps import StepFailed, step

JUST = ["uv", "run", "just"]
COUNT = """\
from sqlmodel import func
async with db.unit(read_only=True) as session:
    kept = select(func.count(col(Item.id))).where(Item.name == "kept")
    print("kept:", (await session.exec(kept)).one())

exit()
"""


def use_recipes(project: Path, env: dict[str, str], *, users: bool) -> None:
    """StepFailed at the first that does not do what it says."""
    env = {name: value for name, value in env.items() if "DATABASE_URL" not in name}
    listed = step(project, env, *JUST).partition("Available recipes:\n")[2].splitlines()
    if silent := [line for line in listed if line.strip() and "#" not in line and "[" not in line]:
        raise StepFailed(f"These recipes do not say what they do: {silent}")
    step(project, env, *JUST, "setup")
    if stat.S_IMODE((project / ".env").stat().st_mode) != 0o600:
        raise StepFailed("Others may read .env")
    secret = re.search(r"^SECRET_KEY=(.*)", (project / ".env").read_text(), re.MULTILINE)
    if users and (secret is None or len(secret[1]) < 64):
        raise StepFailed("There is no secret in .env")
    made = (project / ".env").read_text()
    step(project, env, *JUST, "setup")
    if (project / ".env").read_text() != made:
        raise StepFailed("`just setup` does something the second time")
    git(project, "status")
    expect("LOG_LEVEL=", step(project, env, *JUST, "run", "manage", "settings"))
    untidy = project / "app" / "untidy.py"
    untidy.write_text("import sys\nname = 'x'\n")
    step(project, env, *JUST, "fix")
    if untidy.read_text() != 'name = "x"\n':
        raise StepFailed(f"`just fix` leaves this:\n{untidy.read_text()}")
    untidy.unlink()
    step(project, env, *JUST, "doctor")
    with dev(project, env) as address:
        headers = JSON | (sign_up(address) if users else {})
        urlopen(Request(f"{address}/items", b'{"name": "kept"}', headers)).close()
        expect("kept: 1", shell(project, env))  # beside it, on the same database
    expect("kept: 1", shell(project, env))  # which starts it again
    find_faults(project, env)
    forget_database(project)


def find_faults(project: Path, env: dict[str, str]) -> None:
    """`just doctor` names what is wrong, and the cure."""
    lines = (project / ".env").read_text()
    for wrong, said in (
        ("LOGLEVEL=INFO", "LOGLEVEL in .env is no setting: is it LOG_LEVEL?"),
        ("LOG_LEVEL=LOUD", "LOG_LEVEL: Input should be 'DEBUG'"),
        ("DATABASE_URL=oracle://somewhere/db", "DATABASE_URL"),
    ):
        (project / ".env").write_text(f"{lines}{wrong}\n")
        expect(said, refused(project, env, *JUST, "doctor"))
    (project / ".env").write_text(lines)
    revision = project / "migrations" / "versions" / "0002_another.py"
    initial = (project / "migrations" / "versions" / "0001_initial.py").read_text()
    text = initial.replace('"0001"', '"0002"').replace(
        "down_revision = None", 'down_revision = "0001"'
    )
    revision.write_text(text)
    expect("uv run alembic upgrade head", refused(project, env, *JUST, "doctor"))
    revision.unlink()
    step(project, env, *JUST, "doctor")


def refused(project: Path, env: dict[str, str], *command: str) -> str:
    try:
        step(project, env, *command)
    except StepFailed as failure:
        return str(failure)
    raise StepFailed(f"`{' '.join(command)}` finds nothing")


def expect(words: str, printed: str) -> None:
    if words not in printed:
        raise StepFailed(f"There is no {words!r} in this:\n{printed}")


def shell(project: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        [*JUST, "shell"],
        cwd=project,
        env=env,
        input="from app.items.models import Item\n" + COUNT,
        capture_output=True,
        text=True,
        check=False,
    )
    for sign in ("Traceback", "Warning"):
        if sign in done.stderr:
            raise StepFailed(f"`just shell` complains:\n{done.stderr}")
    return done.stdout + done.stderr


@contextmanager
def dev(project: Path, env: dict[str, str]) -> Iterator[str]:
    """The address of `just dev`, until Ctrl-C, which leaves no process behind."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address, output = f"http://127.0.0.1:{port}", project / "dev.log"
    with output.open("w") as log:
        service = subprocess.Popen(
            [*JUST, "dev", f"--port={port}"],
            cwd=project,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches all that runs in a terminal
        )
    try:
        end = time.monotonic() + 60
        while not live(address):
            if time.monotonic() > end or service.poll() is not None:
                raise StepFailed(f"`just dev` does not answer:\n{output.read_text()}")
            time.sleep(0.1)
        yield address
    finally:
        os.killpg(service.pid, signal.SIGINT)
        service.wait(30)


def forget_database(project: Path) -> None:
    """Its data stay beside the project, or elsewhere: see `tests/dev.py`."""
    if found := re.search(r"with its data in (\S+)", (project / "dev.log").read_text()):
        shutil.rmtree(found[1])


def live(address: str) -> bool:
    try:
        with urlopen(f"{address}/health/live", timeout=5) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except URLError:
        return False
