"""Serves a generated project on a free port, without rate limits, until its input ends.

Runs with the project's own Python, in its folder, on its own migrated database. The arguments are a
file, which gets the address as JSON, and the purpose. `logins` adds twenty users. `fuzzing` adds a
superuser, writes their token into the file, and makes password hashing fast.
"""

import asyncio
import json
import os
import socket
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import uvicorn
from app.api import create_app
from app.db.session import connect
from app.settings import Settings

PASSWORD = os.environ["PROBE_PASSWORD"]
SETTINGS = Settings(database_pool_timeout=60)  # because other projects are checked at the same time


def lift_limits() -> None:
    from app.auth import rate_limit  # imported here, because only projects with users have it
    from limits import parse

    rate_limit.PER_CLIENT = rate_limit.PER_ACCOUNT = parse("1000000/second")


def hash_quickly() -> None:
    from app.auth import passwords
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    passwords.hasher = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])


async def add_users(*names: str, **flags: bool) -> str:
    """Registers users and returns a bearer token of the last one."""
    from app.auth.manager import UserManager
    from app.auth.tokens import BEARER, TokenSigner

    async with connect(SETTINGS) as db, db.unit() as session:
        manager = UserManager.from_session(session, SETTINGS)
        for name in names:
            user = await manager.register(f"{name}@example.com", PASSWORD, **flags)
        return TokenSigner(SETTINGS).sign(user, BEARER, seconds=3600)


def prepare(purpose: str) -> str:
    """Adds users, if the project has any. Returns the token to use, or nothing."""
    if not find_spec("app.auth"):
        return ""
    lift_limits()
    if purpose == "logins":
        return asyncio.run(add_users(*(f"user{number}" for number in range(20))))
    hash_quickly()
    return asyncio.run(add_users("super", is_superuser=True))


def main() -> None:
    file, purpose = sys.argv[1:]
    token = prepare(purpose)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(SETTINGS), log_level="warning"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    Path(file).write_text(json.dumps({"address": address, "token": token}))
    sys.stdin.read()
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main()
