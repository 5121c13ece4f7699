"""Commands in a generated project."""

import re
import subprocess
from pathlib import Path


class StepFailed(Exception):
    """A command of a cell failed; the message is the command and what it printed."""


def step(project: Path, env: dict[str, str], *command: str) -> str:
    """What a command printed; StepFailed when it fails."""
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
    if done.returncode != 0:
        raise StepFailed(f"$ {' '.join(command)}\n{done.stdout}")
    return done.stdout


def passed(printed: str) -> int:
    """How many tests passed; StepFailed when any did not run."""
    closing = re.search(r"^=* ?(\d+) passed in [\d.]+s", printed, re.MULTILINE)
    if closing is None:  # "1 skipped", "1 warning"
        raise StepFailed(f"Not every test ran:\n{printed}")
    return int(closing[1])
