"""Starts a MariaDB server for development and for tests."""

import os
import shutil
import signal
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import URL

from app.db.url import parse_url
from dev.process import NoServer, Server, docker

IMAGE = "mariadb:11.8"
WAYS = """No MySQL or MariaDB server is available. Each of these provides one:
  sudo apt-get install mariadb-server-core      (brew install mariadb)
  DATABASE_URL=...             for development: mysql://user:password@host/name
  TEST_DATABASE_URL=...        for the tests: mysql://user:password@host/a_test_database
  docker                       with a running engine"""
# The data is temporary, so it need not survive a crash.
FAST = ["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--skip-log-bin"]
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


@contextmanager
def own_server(kept: Path | None = None) -> Generator[URL]:
    """Run a server until the block ends. Its data is kept in `kept`, or deleted."""
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
        raise NoServer(WAYS)


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
        *[mariadbd, "--no-defaults", f"--datadir={data}", "--socket=socket"],
        *["--bind-address=127.0.0.1", f"--port={server.port}", "--skip-name-resolve"],
        *(FAST if kept is None else []),
        stop=signal.SIGTERM,
    )
