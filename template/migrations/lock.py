"""Waits for the migration lock: one process migrates at a time.

`alembic -x wait=600 upgrade head` waits longer for the migration of another process.
"""

import logging
import time
from collections.abc import Callable

from alembic.util import CommandError

WAIT = 60.0  # seconds
POLL = 0.5  # seconds

log = logging.getLogger("alembic.runtime.migration")


def seconds_to_wait(arguments: dict[str, str]) -> float:
    return float(arguments.get("wait", WAIT))


def acquire(attempt: Callable[[], bool], arguments: dict[str, str]) -> None:
    """Poll for the lock: a statement that waits in the database would hold a snapshot."""
    wait = seconds_to_wait(arguments)
    end = time.monotonic() + wait
    waiting = False
    while not attempt():
        if time.monotonic() > end:
            raise CommandError(
                f"Another process has been migrating this database for more than {wait:g} seconds. "
                "Run this again when it has ended, or wait longer with `alembic -x wait=SECONDS`."
            )
        if not waiting:
            log.info("Waiting up to %g seconds for the migration of another process", wait)
        waiting = True
        time.sleep(POLL)
