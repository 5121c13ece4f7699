"""Commands in a generated project."""

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
