"""Serves a generated project with users to a fuzzer: on a free port, and without limits.

Run with the project's own Python, in its folder, on a migrated database of its own. The address
and a superuser's token go into the file that is its argument; it ends with its input.
"""

import asyncio
import json
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from app.auth import guards
from app.auth.manager import UserManager
from app.auth.tokens import BEARER, issue
from app.db.session import connect
from app.main import create_app
from app.settings import Settings
from limits import parse

PASSWORD = "correct horse battery"


async def add_users() -> str:
    async with connect(Settings()) as db, db.unit() as session:
        manager = UserManager.of(session)
        for number in range(20):
            await manager.register(f"user{number}@example.com", PASSWORD)
        superuser = await manager.register("super@example.com", PASSWORD, is_superuser=True)
        return issue(superuser, BEARER, seconds=3600)


def main() -> None:
    guards.BY_ADDRESS = guards.BY_ACCOUNT = parse("1000000/second")
    token = asyncio.run(add_users())
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(Settings()), log_level="warning"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    Path(sys.argv[1]).write_text(json.dumps({"address": address, "token": token}))
    sys.stdin.read()
    server.should_exit = True
    thread.join()


if __name__ == "__main__":
    main()
