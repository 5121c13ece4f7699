"""Opens connections with the URLs of hosting providers, to servers with and without TLS.

Runs with the project's own Python, in its folder. The arguments are a folder with certificates, a
file with the URLs by their name, as JSON, the file for the outcomes, and the folder of the server.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.db.engine import create_migrator, create_reader, create_writer
from app.db.error_codes import is_unavailable
from app.db.settings import DatabaseSettings
from app.db.url import parse_url
from dev.process import UID, Server, run_sql
from pydantic import ValidationError
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

CERTIFICATES, URLS, OUTCOMES, BINARIES = (Path(argument) for argument in sys.argv[1:])
USER, PASSWORD, DATABASE = "app", "p@ss/w:rd%", "app"
CERTIFIED = "certified"  # the user who has to show a client certificate
ENCRYPTED = {
    "postgresql": "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    "mysql": "SELECT VARIABLE_VALUE <> '' FROM information_schema.SESSION_STATUS"
    " WHERE VARIABLE_NAME = 'Ssl_cipher'",
}
ENGINES: dict[str, Callable[[DatabaseSettings], AsyncEngine]] = {
    "migrator": create_migrator,
    "writer": create_writer,
    "reader": create_reader,
}
# What the three servers see: one with TLS, one whose certificate another CA has signed, and one
# without TLS.
SUMMARIES = {
    ("TLS", "-", "-"): "TLS, verified",
    ("TLS", "TLS", "-"): "TLS",
    ("TLS", "TLS", "clear text"): "TLS if offered",
    ("clear text", "clear text", "clear text"): "clear text",
    ("-", "TLS", "-"): "TLS, only with the other CA",
    ("-", "-", "-"): "no connection",
}


def copy_certificate(server: Server, name: str) -> tuple[Path, Path]:
    """Copies a certificate and its key to where only the account of the server can read it."""
    copies = []
    for suffix in ("pem", "key"):
        copies.append(server.folder / f"server.{suffix}")
        shutil.copy(CERTIFICATES / f"{name}.{suffix}", copies[-1])
        copies[-1].chmod(0o600)
        if UID is not None:
            os.chown(copies[-1], UID, UID)
    return copies[0], copies[1]


def copy_ca(server: Server) -> Path:
    copy = server.folder / "ca.pem"
    shutil.copy(CERTIFICATES / "ca.pem", copy)
    copy.chmod(0o644)
    return copy


@contextmanager
def postgresql(certificate: str | None) -> Iterator[int]:
    server = Server()
    password = server.folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    data = server.folder / "data"
    options = ["-U", USER, "-A", "scram-sha-256", f"--pwfile={password}", "--no-sync"]
    server.run(BINARIES / "initdb", "-D", data, *options, "-E", "UTF8", "--locale=C.UTF-8")
    command = ["-D", str(data), "-k", str(server.folder), "-p", str(server.port), "-h", "localhost"]
    if certificate is not None:
        pem, key = copy_certificate(server, certificate)
        command += ["-c", "ssl=on", "-c", f"ssl_cert_file={pem}", "-c", f"ssl_key_file={key}"]
        command += ["-c", f"ssl_ca_file={copy_ca(server)}"]
        rules = data / "pg_hba.conf"
        demand = f"hostssl all {CERTIFIED} all trust clientcert=verify-ca\n"
        rules.write_text(demand + rules.read_text())
    url = URL.create("postgresql", USER, PASSWORD, "localhost", server.port, "postgres")
    with server.running(parse_url(url), BINARIES / "postgres", *command, stop=signal.SIGINT):
        run_sql(parse_url(url), f"CREATE DATABASE {DATABASE}")
        run_sql(parse_url(url), f"CREATE USER {CERTIFIED}")
        yield server.port


@contextmanager
def mysql(certificate: str | None) -> Iterator[int]:
    install = shutil.which("mariadb-install-db")
    assert install is not None
    server = Server()
    data = server.folder / "data"
    server.run(
        *[install, "--no-defaults", f"--datadir={data}", "--skip-test-db"],
        *["--auth-root-authentication-method=normal", "--skip-name-resolve"],
    )
    command = [
        str(BINARIES / "mariadbd"),
        "--no-defaults",
        f"--datadir={data}",
        f"--port={server.port}",
    ]
    command += ["--bind-address=127.0.0.1", f"--socket={server.folder / 'socket'}"]
    command += ["--skip-name-resolve"]
    if certificate is None:
        command.append("--skip-ssl")
    else:
        pem, key = copy_certificate(server, certificate)
        command += [f"--ssl-cert={pem}", f"--ssl-key={key}", f"--ssl-ca={copy_ca(server)}"]
    url = parse_url(f"mysql://root@127.0.0.1:{server.port}/mysql")
    with server.running(url, *command, stop=signal.SIGTERM):
        run_sql(url, f"CREATE DATABASE {DATABASE}")
        for user, demand in ((USER, "NONE"), (CERTIFIED, "X509")):
            password = PASSWORD.replace("%", "%%")
            run_sql(url, f"CREATE USER {user} IDENTIFIED BY '{password}' REQUIRE {demand}")
            run_sql(url, f"GRANT ALL ON *.* TO {user}")
        yield server.port


async def connect(settings: DatabaseSettings) -> str:
    """What the server sees: the same for the migrator, the writer and the reader."""
    seen: dict[str, str] = {}
    for name, create in ENGINES.items():
        engine = create(settings)
        statement = ENCRYPTED[engine.dialect.name.replace("mariadb", "mysql")]
        try:
            async with engine.connect() as connection:
                encrypted = bool(await connection.scalar(text(statement)))
            seen[name] = "TLS" if encrypted else "clear text"
        except DBAPIError as error:
            answer_is_503 = name == "migrator" or is_unavailable(error)
            seen[name] = "-" if answer_is_503 else f"a 500: {error}"
            if PASSWORD in str(error):
                seen[name] = "the error contains the password"
        finally:
            await engine.dispose()
    return next(iter(seen.values())) if len(set(seen.values())) == 1 else str(seen)


def try_url(url: str, ports: list[int]) -> str:
    seen = []
    for port in ports:
        try:
            settings = DatabaseSettings(database_url=url.replace("PORT", str(port)))
        except ValidationError as error:
            (fault,) = error.errors()
            return str(fault["msg"]).removeprefix("Value error, ").partition(":")[0]
        seen.append(asyncio.run(connect(settings)))
    return SUMMARIES.get(tuple(seen), str(seen))


def main() -> None:
    urls: dict[str, str] = json.loads(URLS.read_text())
    dialect = DatabaseSettings().database_url.get_backend_name()
    start = postgresql if dialect == "postgresql" else mysql
    with ExitStack() as stack:
        ports = [stack.enter_context(start(name)) for name in ("genuine", "impostor", None)]
        OUTCOMES.write_text(json.dumps({name: try_url(url, ports) for name, url in urls.items()}))


if __name__ == "__main__":
    main()
