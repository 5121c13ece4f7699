"""Runs commands in a generated project, and checks that they print no secret."""

import itertools
import re
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from secrets import token_hex

# The secrets that generated projects are given. None of them may be printed or logged.
DATABASE_PASSWORD = token_hex(16)
SECRET_KEY = token_hex(32)
PASSWORD = f"correct horse {token_hex(8)}"

seconds_by_command: defaultdict[str, float] = defaultdict(float)
"""How long each kind of command took in all, for the report."""


class CommandFailed(Exception):
    """A command in a generated project failed. The message is the command and its output."""


def run_command(project: Path, env: dict[str, str], *command: str) -> str:
    """Runs a command and returns its output. Raises CommandFailed if it fails."""
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
    seconds_by_command[short_name(command)] += time.monotonic() - start
    if done.returncode != 0:
        raise CommandFailed(f"$ {' '.join(command)}\n{done.stdout}")
    return check_no_secret(done.stdout)


def run_failing_command(project: Path, env: dict[str, str], *command: str, message: str) -> str:
    """Runs a command that has to fail with this message, and returns its output."""
    try:
        run_command(project, env, *command)
    except CommandFailed as failure:
        if message in str(failure):
            return str(failure)
        raise
    raise CommandFailed(f"`{' '.join(command)}` passed, but should have failed: {message}")


def expect(text: str, output: str) -> None:
    """Raises CommandFailed if the text is not in the output of a command."""
    if text not in output:
        raise CommandFailed(f"There is no {text!r} in this output:\n{output}")


def short_name(command: tuple[str, ...]) -> str:
    """Returns the program and its subcommands, without options and paths."""
    words = [Path(word).name for word in command]
    words = [word for word in words if word not in {"uv", "run", "python", "-m", "-W", "error"}]
    return " ".join(itertools.takewhile(lambda word: word[0] not in "-/", words)) or "python -c"


def check_no_secret(output: str) -> str:
    """Returns the output unchanged. Raises CommandFailed if it contains a secret."""
    for secret in (DATABASE_PASSWORD, SECRET_KEY, PASSWORD):
        before, found, _ = output.partition(secret)
        if found:
            raise CommandFailed(f"A secret is printed after this:\n{before[-1000:]}")
    return output


def count_passed_tests(output: str) -> int:
    """Returns how many tests passed. Raises CommandFailed if any was skipped or gave a warning."""
    summary = re.search(r"^=* ?(\d+) passed in [\d.]+s", output, re.MULTILINE)
    if summary is None:
        raise CommandFailed(f"Not every test passed without a skip or a warning:\n{output}")
    return int(summary[1])
