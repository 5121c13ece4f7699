"""Commands in a generated project, and what they may not print."""

import itertools
import re
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from secrets import token_hex

# What projects are given to keep to themselves.
DATABASE_PASSWORD = token_hex(16)
SECRET_KEY = token_hex(32)
PASSWORD = f"correct horse {token_hex(8)}"


# Seconds, by what was run: what a whole run consists of.
spent: defaultdict[str, float] = defaultdict(float)


class StepFailed(Exception):
    """A command of a cell failed; the message is the command and what it printed."""


def step(project: Path, env: dict[str, str], *command: str) -> str:
    """What a command printed; StepFailed when it fails."""
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=project,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    spent[name_of(command)] += time.monotonic() - start
    if done.returncode != 0:
        raise StepFailed(f"$ {' '.join(command)}\n{done.stdout}")
    return keeps_secrets(done.stdout)


def name_of(command: tuple[str, ...]) -> str:
    """Its program, and what it was told to do."""
    words = [Path(word).name for word in command]
    words = [word for word in words if word not in {"uv", "run", "python", "-m", "-W", "error"}]
    return " ".join(itertools.takewhile(lambda word: word[0] not in "-/", words)) or "python -c"


def keeps_secrets(printed: str) -> str:
    """The same text; StepFailed where it holds what it was given to keep."""
    for secret in (DATABASE_PASSWORD, SECRET_KEY, PASSWORD):
        before, found, _ = printed.partition(secret)
        if found:
            raise StepFailed(f"A secret is printed after this:\n{before[-1000:]}")
    return printed


def passed(printed: str) -> int:
    """How many tests passed; StepFailed when any did not run."""
    closing = re.search(r"^=* ?(\d+) passed in [\d.]+s", printed, re.MULTILINE)
    if closing is None:  # "1 skipped", "1 warning"
        raise StepFailed(f"Not every test ran:\n{printed}")
    return int(closing[1])
