"""Finds what is wrong where the service is worked on, and says the cure: `uv run just doctor`."""

import asyncio
import os
import platform
import subprocess
import sys
from pathlib import Path

import typer

ROOT = Path(__file__).parents[2]
COPIER = ["tool", "run", "copier>=9.19,<10"]


class Fault(Exception):
    """Something is wrong; the message names it, and the cure."""


def uv(*command: str) -> subprocess.CompletedProcess[str]:
    uv = os.environ.get("UV", "uv")
    try:
        return subprocess.run(
            [uv, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
    except FileNotFoundError:
        raise Fault("There is no uv: https://docs.astral.sh/uv/") from None
    except subprocess.TimeoutExpired:
        raise Fault(f"`uv {command[0]}` takes over a minute: is the network there?") from None


def packages() -> str:
    version = uv("--version").stdout.strip()
    if uv("lock", "--check").returncode != 0:
        raise Fault("uv.lock is not what pyproject.toml asks for: uv lock")
    if uv("sync", "--check", "--inexact").returncode != 0:
        raise Fault("What is installed is not what uv.lock says: uv sync")
    return f"Python {platform.python_version()}, {version}"


def settings() -> str:
    # Imported here and below: a bad setting ends the import, with its name.
    from app.dev.env_file import every_setting, find_faults

    if faults := find_faults(ROOT / ".env"):
        raise Fault("\n".join(faults))
    return f"{len(list(every_setting()))}, all valid"


def revisions() -> str:
    from app.db.schema import revisions

    heads, _ = revisions()
    if len(heads) > 1:
        raise Fault(f"{' and '.join(sorted(heads))} compete: uv run alembic merge heads")
    return f"{' '.join(heads) or 'none'} is the newest"


def database() -> str:
    from app.db.session import connect
    from app.health import find_fault
    from app.settings import Settings, read_settings

    settings = read_settings(Settings)

    async def find() -> str | None:
        async with connect(settings) as db:
            return await find_fault(db)

    if (fault := asyncio.run(find())) is not None:
        raise Fault(f"{settings.database_url}: {fault}")
    return f"{settings.database_url}, and at that revision"


def template() -> str:
    """Whether an update is out; it is no fault to wait with it."""
    done = uv(*COPIER, "check-update")
    return (done.stdout + done.stderr).strip().splitlines()[-1]


def main() -> None:
    checks = {
        "packages": packages,
        "settings": settings,
        "revisions": revisions,
        "database": database,
        "template": template,
    }
    healthy = True
    for name, check in checks.items():
        try:
            typer.echo(f"ok     {name:<10} {check()}")
        except (Fault, SystemExit) as fault:  # the second from a bad setting
            healthy = False
            for line in str(fault).splitlines():
                typer.echo(f"FAULT  {name:<10} {line}")
    sys.exit(0 if healthy else 1)


if __name__ == "__main__":
    main()
