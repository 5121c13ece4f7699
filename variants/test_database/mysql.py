"""The MySQL of the tests: TEST_DATABASE_URL, a throw-away MariaDB, or docker, in this order."""

import os
import shutil
import signal
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from tests.servers import Server, created_database, docker, given_server

IMAGE = "mariadb:11.8"
HOW = """There is no MySQL or MariaDB here. One of these gives one:
  sudo apt-get install mariadb-server-core      (brew install mariadb)
  DATABASE_URL=...             to work on: mysql://user:password@host/name
  TEST_DATABASE_URL=...        for the tests: mysql://user:password@host/a_test_database
  docker                       with its engine running"""
# The data is thrown away: no crash has to be survived.
FAST = ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--skip-log-bin"]
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])

AWAY = parse_url("mysql://nobody@127.0.0.1:1/test")  # nobody answers there


@contextmanager
def running_server() -> Generator[URL]:
    if (given := given_server()) is not None:
        yield given
    else:
        with own_server() as url:
            yield url


@contextmanager
def own_server(kept: Path | None = None) -> Generator[URL]:
    """Its data are thrown away, or stay in that folder."""
    if (mariadbd := shutil.which("mariadbd", path=PATH)) is not None:
        with local_server(mariadbd, kept) as url:
            yield url
    elif (client := docker()) is not None:
        server = Server(kept)
        url = parse_url(f"mysql://root@127.0.0.1:{server.port}/mysql")
        command = [client, "run", "--rm", "-p", f"127.0.0.1:{server.port}:3306"]
        command += ["-e", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1"]
        command += ["-v", f"{kept}:/var/lib/mysql"] if kept else []
        with server.running(url, *command, IMAGE, stop=signal.SIGTERM, as_root=True) as started:
            yield started
    else:
        pytest.exit(HOW, returncode=1)


def fresh_database(server: URL) -> AbstractContextManager[URL]:
    return created_database(server, options="CHARACTER SET utf8mb4")


async def make_commit_fail(session: AsyncSession) -> None:
    """The connection is gone: there is no constraint that waits for COMMIT here."""
    connection = await session.connection()
    own = await connection.scalar(text("SELECT CONNECTION_ID()"))
    engine = create_async_engine(connection.engine.url, poolclass=NullPool)
    async with engine.connect() as other:
        await other.execute(text(f"KILL {own}"))
    await engine.dispose()


def local_server(mariadbd: str, kept: Path | None) -> AbstractContextManager[URL]:
    server = Server(kept)
    data = server.folder / "data"
    if not data.exists():
        install = shutil.which("mariadb-install-db", path=PATH) or "mariadb-install-db"
        server.run(
            *[install, "--no-defaults", f"--datadir={data}", "--skip-test-db"],
            *["--auth-root-authentication-method=normal", "--skip-name-resolve"],
        )
    url = parse_url(f"mysql://root@127.0.0.1:{server.port}/mysql")
    return server.running(
        url,
        *[mariadbd, "--no-defaults", f"--datadir={data}", f"--socket={server.folder / 'socket'}"],
        *["--bind-address=127.0.0.1", f"--port={server.port}", "--skip-name-resolve"],
        *(FAST if kept is None else []),
        stop=signal.SIGTERM,
    )
