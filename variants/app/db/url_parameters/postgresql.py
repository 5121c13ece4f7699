"""The parameters of a `DATABASE_URL`, which are those of libpq, as {{ db_driver }} takes them.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""

import ssl
from pathlib import Path

{% if db_driver == "psycopg" %}
from psycopg.pq import Conninfo
{% endif %}
from sqlalchemy import URL

from app.root import ROOT

{% if db_driver == "psycopg" %}
SUPPORTED = {option.keyword.decode() for option in Conninfo.get_defaults()}
WITHOUT_EFFECT: set[tuple[str, str]] = set()
{% else %}
SUPPORTED = {
    *("application_name", "connect_timeout", "gsslib", "host", "krbsrvname", "options", "passfile"),
    *("port", "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert", "sslcrl"),
    *("sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "target_session_attrs"),
}
WITHOUT_EFFECT = {  # this is what asyncpg does
    *(("channel_binding", "disable"), ("channel_binding", "prefer")),
    *(("client_encoding", "utf8"), ("gssencmode", "disable"), ("gssencmode", "prefer")),
}
{% endif %}
FORM = "postgresql://user:password@host/name, with a percent-encoded password"
POOL_SIZE = "remove it and set DATABASE_WRITE_POOL and DATABASE_READ_POOL"
POOLER = "remove it and set DATABASE_POOLER=transaction"
TLS = "write sslmode=require, or sslmode=verify-full and sslrootcert=/path/to/ca.pem"
SCHEMA = "write options=-csearch_path%3D... instead"
REMEDIES = {
    "channel_binding": "write sslmode=verify-full instead, which also proves the server's identity",
    "connection_limit": POOL_SIZE,
    "currentSchema": SCHEMA,
    "pgbouncer": POOLER,
    "pool_size": POOL_SIZE,
    "pool_timeout": "remove it and set DATABASE_POOL_TIMEOUT",
    "prepared_statement_cache_size": POOLER,
    "schema": SCHEMA,
    "search_path": SCHEMA,
    "statement_cache_size": POOLER,
    "statement_timeout": "remove it and set DATABASE_STATEMENT_TIMEOUT",
}
FILES = ("passfile", "sslcert", "sslcrl", "sslkey", "sslrootcert")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SSL = {"true": "require", "1": "require", "false": "disable", "0": "disable"}
# Connections of read-only units are never writable, so the driver must check the server's role.
TARGETS = {"any": "any", "primary": "primary", "read-write": "primary"}
READ_TARGETS = {"prefer-standby": "prefer-standby", "read-only": "standby", "standby": "standby"}


def translate(url: URL) -> URL:
    """Raises ValueError for a parameter that the driver does not take."""
    query = {name: str(value) for name, value in url.query.items()}
    if (ssl := query.pop("ssl", None)) is not None:
        query.setdefault("sslmode", SSL.get(ssl, ssl))
    translate_tls(query)
    query = {name: value for name, value in query.items() if (name, value) not in WITHOUT_EFFECT}
    for name in query:
        if name not in SUPPORTED:
            other = TLS if "ssl" in name.lower() or "tls" in name.lower() else "remove it"
            raise ValueError(f"{name} is not supported: {REMEDIES.get(name, other)}")
    for name in query.keys() & set(FILES):
        query[name] = str(ROOT / Path(query[name]).expanduser())
        if not Path(query[name]).is_file():
            raise ValueError(f"{name}: there is no file {query[name]}")
    check_client_certificate(query)
    if (timeout := query.get("connect_timeout", "1")) == "0" or not timeout.isdecimal():
        raise ValueError("connect_timeout must be a whole number of seconds")
    if (target := query.get("target_session_attrs")) is not None:
        if target not in (targets := TARGETS | READ_TARGETS):
            raise ValueError(f"target_session_attrs={target} is not one of {', '.join(targets)}")
        query["target_session_attrs"] = targets[target]
    if "host" in query:
        hosts = [split_port(host) for host in query["host"].split(",")]
        ports = query.get("port", "5432").split(",")
        ports = ports * len(hosts) if len(ports) == 1 else ports  # as in libpq
        query["host"] = ",".join(host for host, _ in hosts)
        query["port"] = ",".join(own or port for (_, own), port in zip(hosts, ports, strict=False))
    return url.set(query=query)


def refuse_standby(url: URL) -> None:
    if (target := url.query.get("target_session_attrs")) in READ_TARGETS:
        raise ValueError(f"target_session_attrs={target} would refuse to write: use primary")


def split_port(host: str) -> tuple[str, str]:
    name, _, port = host.rpartition(":")
    if name and port.isdecimal() and (":" not in name or name.endswith("]")):
        return name.strip("[]"), port
    return host.strip("[]"), ""


def translate_tls(query: dict[str, str]) -> None:
    """Complete the TLS parameters. A default is never weaker than what the others ask for."""
    if query.get("sslmode") == "no-verify":  # node-postgres
        query["sslmode"] = "require"
    if query.get("sslrootcert") == "system":
        query["sslmode"] = "verify-full"  # as in libpq
    elif "sslrootcert" in query:
        query.setdefault("sslmode", "verify-full")
    elif "sslcert" in query:
        query.setdefault("sslmode", "require")
    if (mode := query.get("sslmode", "prefer")) not in SSL_MODES:
        raise ValueError(f"sslmode={mode} is not supported: use {', '.join(SSL_MODES)}")
    if mode == "verify-ca" and "sslrootcert" not in query:
        raise ValueError("sslmode=verify-ca needs sslrootcert=/path/to/ca.pem")
    if mode == "verify-full" and query.get("sslrootcert", "system") == "system":
        query["sslrootcert"] = system_certificates()
{% if db_driver == "asyncpg" %}
    if mode == "verify-full":  # asyncpg has no channel binding, but this is as safe
        query.pop("channel_binding", None)
{% endif %}


def check_client_certificate(query: dict[str, str]) -> None:
    """Raise ValueError if a driver would refuse the files later, or ask for a passphrase."""
    certificate, key = query.get("sslcert"), query.get("sslkey")
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise ValueError("sslcert and sslkey are used together: write both")
    try:
        password = query.get("sslpassword", "")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password)
    except OSError as error:
        raise ValueError(
            f"sslcert and sslkey do not match, or sslpassword is wrong: {error}"
        ) from None


def system_certificates() -> str:
    """The file of the system's CAs. libpq may contain an OpenSSL that does not find it."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or f"{paths.capath}/ca-certificates.crt"
