"""Checks the development setup and suggests fixes: `uv run just doctor`."""

import asyncio
import os
import platform
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import typer
from sqlalchemy import URL

from app.db.schema_version import known_revisions
from app.db.session import connect
from app.http.health import why_not_ready
from app.settings import Settings, read_settings
from dev.answers import COPIER, Refused, answers_file

ROOT = Path(__file__).parents[1]


class Fault(Exception):
    """A problem in the setup. The message describes it and how to fix it."""


def uv(*command: str) -> subprocess.CompletedProcess[str]:
    uv = os.environ.get("UV", "uv")
    try:
        return subprocess.run(
            [uv, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
    except FileNotFoundError:
        raise Fault("uv is not installed: https://docs.astral.sh/uv/") from None
    except subprocess.TimeoutExpired:
        raise Fault(f"`uv {command[0]}` took over a minute. Check the network.") from None


def packages() -> str:
    version = uv("--version").stdout.strip()
    if uv("lock", "--check").returncode != 0:
        raise Fault("uv.lock does not match pyproject.toml. Run: uv lock")
    if uv("sync", "--check", "--inexact").returncode != 0:
        raise Fault("The installed packages do not match uv.lock. Run: uv sync")
    return f"Python {platform.python_version()}, {version}"


def settings() -> str:
    from dev.env_file import find_faults

    faults = find_faults(ROOT / ".env")
    try:
        read_settings()
    except SystemExit as error:
        faults += str(error).splitlines()
    if faults:
        raise Fault("\n".join(faults))
    return f"all {len(Settings.model_fields)} are valid"


def revisions() -> str:
    heads, _ = known_revisions()
    if len(heads) > 1:
        raise Fault(
            f"There are {len(heads)} heads, {' and '.join(sorted(heads))}, because two branches"
            ' added revisions. Run: uv run alembic merge heads -m "merge branches"'
        )
    return f"the head is {' '.join(heads) or 'missing'}"


def database() -> str:
    async def check(settings: Settings) -> str | None:
        async with connect(settings) as db:
            return await why_not_ready(db)

    with development_database() as url:
        reason = asyncio.run(check(read_settings().model_copy(update={"database_url": url})))
    shown = url.difference_update_query(["sslpassword"])  # str() hides only the user's password
    if reason is not None:
        raise Fault(f"{shown}: {reason}")
    return f"{shown} is up to date"


def development_database() -> AbstractContextManager[URL]:
    """The database of the `just` commands. There is no dev/database.py for SQLite."""
    if find_spec("dev.database") is None:
        return nullcontext(read_settings().database_url)
    found: AbstractContextManager[URL] = import_module("dev.database").development_database()
    return found


def template() -> str:
    """Check for a newer release of the template. An outdated project is not a fault."""
    try:
        answers = answers_file().name
    except Refused as refusal:
        return str(refusal)
    done = uv(*COPIER, "check-update", f"--answers-file={answers}")
    return ((done.stdout + done.stderr).splitlines() or ["no answer"])[-1]


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
        except (Fault, SystemExit) as fault:  # SystemExit: an invalid setting
            healthy = False
            for line in str(fault).splitlines():
                typer.echo(f"FAULT  {name:<10} {line}")
    sys.exit(0 if healthy else 1)


if __name__ == "__main__":
    main()
