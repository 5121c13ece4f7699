"""The URLs of hosting providers and of clients in other languages, and what each driver does with them.

Each URL is tried on three servers: one with TLS, one whose certificate another CA has signed, and
one without TLS. The CA of the first one takes the place of the system's certificates.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.generated.project import GeneratedProject
from tests.generated.serving import PROBES
from tests.support.commands import run_command

VERIFIED, TLS = "TLS, verified", "TLS"
NO_CONNECTION = "no connection"
OTHER_CA = "TLS, only with the other CA"
NO_TLS_SERVER = "PostgreSQL with TLS is not installed: sudo apt-get install postgresql"


def refused(name: str) -> str:
    return f"{name} is not supported"


P = "postgresql://app:p%40ss%2Fw%3Ard%25@localhost:PORT/app"
Q = P.replace("postgresql", "postgres")
TWO_HOSTS = P.replace("localhost", "localhost:1,localhost")
M = P.replace("postgresql", "mysql")
CLIENT = "sslcert=CLIENT.pem&sslkey=CLIENT.key"  # the servers demand it from this user:
CERTIFIED = {url: url.replace("app:p", "certified:p") for url in (P, M)}
JDBC = "localhost:PORT/app?user=app&password=p%40ss%2Fw%3Ard%25"
# By database: the URL, and its outcome for all drivers or by driver.
EXPECTED: dict[str, dict[str, tuple[str, str | dict[str, str]]]] = {
    "postgresql": {
        "Heroku, Render, Railway, Supabase": (Q, "TLS if offered"),
        "without TLS": (f"{Q}?sslmode=disable", "clear text"),
        "Heroku, for node": (f"{Q}?ssl=true", TLS),
        "Heroku, sslmode=no-verify": (f"{Q}?sslmode=no-verify", TLS),
        "DigitalOcean, Aiven, Azure": (f"{P}?sslmode=require", TLS),
        "Aiven with its CA": (f"{Q}?sslmode=verify-ca&sslrootcert=CA", VERIFIED),
        "Amazon RDS": (f"{P}?sslmode=verify-full&sslrootcert=CA", VERIFIED),
        "sslrootcert alone": (f"{P}?sslrootcert=CA", VERIFIED),
        "require with sslrootcert": (f"{P}?sslmode=require&sslrootcert=CA", VERIFIED),
        "PlanetScale": (f"{P}?sslmode=verify-full&sslrootcert=system", VERIFIED),
        "Neon": (
            f"{P}?sslmode=require&channel_binding=require",
            {"asyncpg": refused("channel_binding"), "psycopg": TLS},
        ),
        "Neon, verified": (f"{P}?sslmode=verify-full&channel_binding=require", VERIFIED),
        "Neon, connect_timeout": (f"{P}?sslmode=require&connect_timeout=10", TLS),
        "Supabase with Prisma": (f"{P}?pgbouncer=true&connection_limit=1", refused("pgbouncer")),
        "Prisma": (f"{P}?schema=public", refused("schema")),
        "Patroni": (
            f"{TWO_HOSTS}?target_session_attrs=read-write&sslmode=require",
            TLS,
        ),
        "options": (
            f"{P}?sslmode=require&application_name=app&options=-csearch_path%3Dtenant",
            TLS,
        ),
        "JDBC": (f"jdbc:postgresql://{JDBC}&ssl=true", TLS),
        "SQLAlchemy, another driver": (f"{P.replace('://', '+psycopg2://')}?sslmode=require", TLS),
        "another CA": (f"{P}?sslmode=verify-ca&sslrootcert=OTHER", OTHER_CA),
        "wrong host name": (
            f"{P.replace('localhost', '127.0.0.1')}?sslmode=verify-full",
            NO_CONNECTION,
        ),
        "host name not checked": (
            f"{P.replace('localhost', '127.0.0.1')}?sslmode=verify-ca&sslrootcert=CA",
            VERIFIED,
        ),
        "client certificate": (f"{CERTIFIED[P]}?{CLIENT}", TLS),
        "client certificate, verified": (f"{CERTIFIED[P]}?sslrootcert=CA&{CLIENT}", VERIFIED),
        "without the client certificate": (f"{CERTIFIED[P]}?sslmode=require", NO_CONNECTION),
        "client certificate without key": (
            f"{CERTIFIED[P]}?sslcert=CLIENT.pem",
            "sslcert and sslkey are used together",
        ),
        "wrong password": (f"{P.replace('app:p', 'app:q')}?sslmode=require", NO_CONNECTION),
    },
    "mysql": {
        "JawsDB, Railway": (M, "clear text"),
        "ClearDB": (f"{M.replace('mysql', 'mysql2')}?reconnect=true", "clear text"),
        "DigitalOcean, Aiven": (f"{M}?ssl-mode=REQUIRED", TLS),
        "PlanetScale": (f'{M}?ssl={{"rejectUnauthorized":true}}', VERIFIED),
        "PlanetScale with Prisma": (f"{M}?sslaccept=strict", VERIFIED),
        "TiDB": (f"{M}?ssl_ca=CA&ssl_verify_cert=true&ssl_verify_identity=true", VERIFIED),
        "Amazon RDS, Azure": (f"{M}?ssl_ca=CA", VERIFIED),
        "ssl_mode=VERIFY_CA": (f"{M}?ssl_mode=VERIFY_CA&ssl_ca=CA", VERIFIED),
        "ssl_mode=VERIFY_IDENTITY": (f"{M}?ssl_mode=VERIFY_IDENTITY", VERIFIED),
        "REQUIRED with ssl_ca": (f"{M}?ssl-mode=REQUIRED&ssl-ca=CA", VERIFIED),
        "ssl=true": (f"{M}?ssl=true", TLS),
        "ssl_mode=PREFERRED": (f"{M}?ssl_mode=PREFERRED", refused("ssl_mode=PREFERRED")),
        "JDBC": (f"jdbc:mysql://{JDBC}&useSSL=true&requireSSL=false", TLS),
        "SQLAlchemy, another driver": (
            f"{M.replace('mysql', 'mariadb+pymysql')}?charset=utf8mb4&ssl_ca=CA",
            VERIFIED,
        ),
        "Prisma": (f"{M}?connection_limit=5", refused("connection_limit")),
        "several hosts": (
            f"{M.replace('localhost', 'localhost:1,localhost')}?ssl_ca=CA",
            VERIFIED,
        ),
        "another CA": (f"{M}?ssl_ca=OTHER", OTHER_CA),
        "wrong host name": (f"{M.replace('localhost', '127.0.0.1')}?ssl_ca=CA", NO_CONNECTION),
        "host name not checked": (
            f"{M.replace('localhost', '127.0.0.1')}?ssl_ca=CA&ssl_check_hostname=false",
            VERIFIED,
        ),
        "client certificate": (f"{CERTIFIED[M]}?{CLIENT}", TLS),
        "client certificate, verified": (f"{CERTIFIED[M]}?ssl_ca=CA&{CLIENT}", VERIFIED),
        "without the client certificate": (f"{CERTIFIED[M]}?ssl=true", NO_CONNECTION),
        "key without client certificate": (
            f"{CERTIFIED[M]}?ssl_key=CLIENT.key",
            "ssl_key needs ssl_cert=/path/to/client.pem",
        ),
        "wrong password": (f"{M.replace('app:p', 'app:q')}?ssl_mode=REQUIRED", NO_CONNECTION),
    },
}


def expected_outcomes(driver: str, database: str) -> dict[str, str]:
    return {
        name: outcome if isinstance(outcome, str) else outcome[driver]
        for name, (_, outcome) in EXPECTED[database].items()
    }


def find_server(database: str) -> Path | None:
    """The folder of a server that has TLS, unlike the one in the packages of the projects."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])
    if database == "mysql":
        found = shutil.which("mariadbd", path=path)
    else:
        newest = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/postgres")), reverse=True)
        found = next(iter(newest), None) or shutil.which("postgres", path=path)
    return Path(found).parent if found else None


def make_certificates(folder: Path) -> None:
    """Makes two CAs, a certificate for localhost from each, and one for a client of the first."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    for ca in ("ca", "other"):
        files = ["-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-subj", f"/CN={ca}"]
        subprocess.run(
            ["openssl", "req", "-x509", *key, *files], cwd=folder, check=True, capture_output=True
        )
    for ca, name in (("ca", "genuine"), ("other", "impostor"), ("ca", "client")):
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", "/CN=localhost"]
        signer = ["-CA", f"{ca}.pem", "-CAkey", f"{ca}.key"]
        extensions = [
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=CA:false",
        ]
        subprocess.run(
            ["openssl", "req", "-x509", *key, *files, *signer, *extensions],
            cwd=folder,
            check=True,
            capture_output=True,
        )


def try_database_urls(project: GeneratedProject) -> None:
    """Connects with each URL, and reports what the servers see."""
    if (server := find_server(project.combination.database)) is None:
        return
    folder = project.environment.with_name(f"{project.environment.name}-certificates")
    folder.mkdir(exist_ok=True)
    make_certificates(folder)
    files = {"=CA": f"={folder / 'ca.pem'}", "=OTHER": f"={folder / 'other.pem'}"}
    files["=CLIENT"] = f"={folder / 'client'}"
    urls = {}
    for name, (url, _) in EXPECTED[project.combination.database].items():
        for placeholder, path in files.items():
            url = url.replace(placeholder, path)
        urls[name] = url
    (folder / "urls.json").write_text(json.dumps(urls))
    env = project.env | {"PYTHONPATH": ".", "SSL_CERT_FILE": str(folder / "ca.pem")}
    script = [str(PROBES / "database_urls.py"), str(folder), str(folder / "urls.json")]
    outcomes = folder / "outcomes.json"
    run_command(project.path, env, *["uv", "run", "python", *script, str(outcomes), str(server)])
    project.run.database_urls = json.loads(outcomes.read_text())
