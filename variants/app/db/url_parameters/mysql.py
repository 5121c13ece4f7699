"""The parameters of a `DATABASE_URL`, as {{ db_driver }} takes them, and its TLS context."""

from pathlib import Path
from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLContext

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.root import ROOT

PORT = 3306
MODES = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")  # weakest first
USE = f"{', '.join(MODES[:-1])} or {MODES[-1]}"
ON = {"true": "REQUIRED", "1": "REQUIRED", "false": "DISABLED", "0": "DISABLED"}
TLS: dict[str, dict[str, str]] = {  # how clients of other languages write it, in lower case
    "ssl": ON | {'{"rejectunauthorized":true}': MODES[3], '{"rejectunauthorized":false}': MODES[1]},
    "ssl_mode": {mode.lower(): mode for mode in MODES}
    | {"disable": MODES[0], "require": MODES[1], "verify-ca": MODES[2], "verify-full": MODES[3]},
    "sslaccept": {"strict": MODES[3], "accept_invalid_certs": MODES[1]},
    "ssl_disabled": {"true": MODES[0], "false": MODES[1]},
    "ssl_check_hostname": {"true": MODES[3], "false": MODES[0]},
    "ssl_verify_cert": {"true": MODES[2], "false": MODES[0]},
    "ssl_verify_identity": {"true": MODES[3], "false": MODES[0]},
    "tls": {"true": MODES[3], "skip-verify": MODES[1], "false": MODES[0]},
    "usessl": ON,
    "requiressl": ON,
    "verifyservercertificate": {"true": MODES[2], "false": MODES[0]},
}
FILES = ("ssl_ca", "ssl_cert", "ssl_key")
OTHER_NAMES = {"sslmode": "ssl_mode", "sslca": "ssl_ca", "sslrootcert": "ssl_ca"}
OTHER_NAMES |= {"sslcert": "ssl_cert", "sslkey": "ssl_key"}
SUPPORTED = {*FILES, "connect_timeout", "host", "unix_socket"}
WITHOUT_EFFECT = {("charset", "utf8mb4"), ("reconnect", "true")}  # this is what the service does
FORM = "mysql://user:password@host/name, with a percent-encoded password"
POOL_SIZE = "remove it and set DATABASE_WRITE_POOL and DATABASE_READ_POOL"
REMEDIES = {
    "charset": "remove it, because the service uses utf8mb4",
    "connection_limit": POOL_SIZE,
    "pool_recycle": "remove it and set DATABASE_POOL_RECYCLE",
    "pool_size": POOL_SIZE,
    "pool_timeout": "remove it and set DATABASE_POOL_TIMEOUT",
}


def translate(url: URL) -> URL:
    """Raises ValueError for a parameter that the driver does not take."""
    query: dict[str, str] = {}
    modes: list[str] = []
    for original, values in url.normalized_query.items():
        name, value = original.replace("-", "_").lower(), ",".join(values)
        name = OTHER_NAMES.get(name, name)
        if name in TLS:
            if (mode := TLS[name].get(value.lower().replace(" ", ""))) is None:
                raise ValueError(f"{original}={value} is not supported: write ssl_mode={USE}")
            modes.append(mode)
        elif name in SUPPORTED:
            query[name] = value
        elif (name, value.lower()) not in WITHOUT_EFFECT:
            other = f"write ssl_mode={USE}" if "ssl" in name or "tls" in name else "remove it"
            raise ValueError(f"{original} is not supported: {REMEDIES.get(name, other)}")
    if (timeout := query.get("connect_timeout", "1")) == "0" or not timeout.isdecimal():
        raise ValueError("connect_timeout must be a whole number of seconds")
    hosts_of(url.set(query=query))
    for name in query.keys() & set(FILES):
        query[name] = str(ROOT / Path(query[name]).expanduser())
        if not Path(query[name]).is_file():
            raise ValueError(f"{name}: there is no file {query[name]}")
    if "ssl_key" in query and "ssl_cert" not in query:
        raise ValueError("ssl_key needs ssl_cert=/path/to/client.pem")
    if "ssl_ca" in query:
        modes = [*modes, "VERIFY_CA"] if modes else ["VERIFY_IDENTITY"]
    elif "ssl_cert" in query:
        modes.append("REQUIRED")
    if (strictest := max(modes, key=MODES.index, default="DISABLED")) != "DISABLED":
        query["ssl_mode"] = strictest
    url = url.set(query=query)
    try:
        tls_context(url)
    except OSError as error:
        files = "ssl_ca, ssl_cert or ssl_key (without a passphrase)"
        raise ValueError(f"{files} cannot be used: {error}") from None
    return url


def hosts_of(url: URL) -> list[tuple[str, int]]:
    """The hosts and ports of a URL, in the order in which they are tried.

    Raises ValueError for an invalid host.
    """
    if "host" not in url.query:
        return [(url.host or "localhost", url.port or PORT)]
    hosts = []
    for text in str(url.query["host"]).split(","):
        if text.startswith("/"):
            raise ValueError(f"host={text} is not supported: write unix_socket={text}")
        try:
            address = make_url(f"mysql://{text}")
        except (ArgumentError, ValueError):
            address = None
        if address is None or address.host is None:
            raise ValueError(f"{text!r} is not a host: write each as name or name:port")
        hosts.append((address.host, address.port or PORT))
    return hosts


def tls_context(url: URL) -> SSLContext | None:
    """The TLS context of a translated URL, or None without TLS.

    Unlike ssl.create_default_context(), it also takes the certificates that MySQL generates.
    """
    query = {name: str(value) for name, value in url.query.items()}
    if (mode := query.get("ssl_mode")) is None:
        return None
    context = SSLContext(PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "VERIFY_IDENTITY"
    if mode == "REQUIRED":
        context.verify_mode = CERT_NONE
    elif "ssl_ca" in query:
        context.load_verify_locations(query["ssl_ca"])
    else:
        context.load_default_certs()
    if "ssl_cert" in query:
        # With an empty password, Python does not ask for one on the terminal.
        context.load_cert_chain(query["ssl_cert"], query.get("ssl_key"), password="")
    return context
