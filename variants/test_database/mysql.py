"""The MySQL of the tests: TEST_DATABASE_URL, a throw-away MariaDB, or docker, in this order."""

import os
import shutil
import signal
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import URL, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from tests.servers import Server, created_database, docker, given_server

IMAGE = "mariadb:11.8"
HOW = """The tests need a MySQL or a MariaDB. One of these gives them one:
  sudo apt-get install mariadb-server-core      (brew install mariadb)
  TEST_DATABASE_URL=...        mysql://user:password@host/a_test_database
  docker                       with its engine running"""
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])

AWAY = parse_url("mysql://nobody@127.0.0.1:1/test")  # nobody answers there


@contextmanager
def running_server() -> Generator[URL]:
    if (given := given_server()) is not None:
        yield given
    elif (mariadbd := shutil.which("mariadbd", path=PATH)) is not None:
        with own_server(mariadbd) as url:
            yield url
    elif (client := docker()) is not None:
        server = Server()
        url = parse_url(f"mysql://root@127.0.0.1:{server.port}/mysql")
        command = [client, "run", "--rm", "-p", f"127.0.0.1:{server.port}:3306"]
        trust = ["-e", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1"]
        with server.running(
            url, *command, *trust, IMAGE, stop=signal.SIGTERM, as_root=True
        ) as started:
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


def own_server(mariadbd: str) -> AbstractContextManager[URL]:
    server = Server()
    data = f"--datadir={server.folder / 'data'}"
    install = shutil.which("mariadb-install-db", path=PATH) or "mariadb-install-db"
    server.run(
        *[install, "--no-defaults", data, "--skip-test-db"],
        *["--auth-root-authentication-method=normal", "--skip-name-resolve"],
    )
    url = parse_url(f"mysql://root@127.0.0.1:{server.port}/mysql")
    return server.running(
        url,
        *[mariadbd, "--no-defaults", data, f"--socket={server.folder / 'socket'}"],
        *["--bind-address=127.0.0.1", f"--port={server.port}", "--skip-name-resolve"],
        # The data is thrown away: no crash has to be survived.
        *["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--skip-log-bin"],
        stop=signal.SIGTERM,
    )
