"""`DATABASE_URL` as hosting providers write it: what it becomes, and what is refused."""

import socket
from pathlib import Path
from ssl import CERT_NONE, CERT_REQUIRED, get_default_verify_paths

import pytest
from sqlalchemy.exc import OperationalError

from app.db.engine import create_writer
from app.db.url import DRIVER, parse_url
from app.db.url_parameters import hosts_of, tls_context
from app.settings import Settings

HOST = "://user:p%40ss%2Fw@db.example.com:3306/app"


@pytest.fixture(scope="module")
def certificates() -> str:
    paths = get_default_verify_paths()
    return paths.cafile or f"{paths.capath}/ca-certificates.crt"


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        (f"mysql{HOST}", None),
        (f"mysql2{HOST}?reconnect=true", None),
        (f"mariadb+pymysql{HOST}?charset=utf8mb4", None),
        (f" mysql{HOST}?ssl-mode=DISABLED\n", None),
        (f"mysql{HOST}?ssl=false", None),
        (f"mysql{HOST}?ssl-mode=REQUIRED", "REQUIRED"),
        (f"mysql{HOST}?ssl_mode=required", "REQUIRED"),
        (f"mysql{HOST}?sslmode=require", "REQUIRED"),
        (f"mysql{HOST}?ssl=true", "REQUIRED"),
        (f"mysql{HOST}?ssl_disabled=false", "REQUIRED"),
        (f"mysql{HOST}?tls=skip-verify", "REQUIRED"),
        (f"mysql{HOST}?sslaccept=accept_invalid_certs", "REQUIRED"),
        (f"mysql{HOST}?useSSL=true&requireSSL=false", "REQUIRED"),
        ("mysql" + HOST + '?ssl={"rejectUnauthorized":false}', "REQUIRED"),
        ("mysql" + HOST + '?ssl={"rejectUnauthorized": true}', "VERIFY_IDENTITY"),
        (f"mysql{HOST}?ssl=%7B%22rejectUnauthorized%22%3Atrue%7D", "VERIFY_IDENTITY"),
        (f"mysql{HOST}?sslaccept=strict", "VERIFY_IDENTITY"),
        (f"mysql{HOST}?sslMode=VERIFY_IDENTITY", "VERIFY_IDENTITY"),
        (f"mysql{HOST}?ssl_mode=VERIFY_CA", "VERIFY_CA"),
        (f"mysql{HOST}?ssl_ca=CA", "VERIFY_IDENTITY"),
        (f"mysql{HOST}?ssl_ca=CA&ssl_check_hostname=false", "VERIFY_CA"),
        (f"mysql{HOST}?ssl-ca=CA&ssl-mode=REQUIRED", "VERIFY_CA"),
        (f"mysql{HOST}?ssl_ca=CA&ssl_verify_cert=true&ssl_verify_identity=true", "VERIFY_IDENTITY"),
    ],
)
def test_translated(given: str, mode: str | None, certificates: str) -> None:
    url = parse_url(given.replace("CA&", f"{certificates}&").replace("=CA", f"={certificates}"))
    assert url.drivername == DRIVER
    assert (url.username, url.password, url.host) == ("user", "p@ss/w", "db.example.com")
    assert url.query.get("ssl_mode") == mode
    assert parse_url(url) == url == parse_url(url.render_as_string(hide_password=False))
    context = tls_context(url)
    assert (context is None) == (mode is None)
    if context is not None:
        assert context.verify_mode == (CERT_NONE if mode == "REQUIRED" else CERT_REQUIRED)
        assert context.check_hostname == (mode == "VERIFY_IDENTITY")


def test_socket_and_timeout() -> None:
    url = parse_url("mysql://u:p@/app?unix_socket=/cloudsql/project:region:name&connect_timeout=9")
    assert url.query == {"unix_socket": "/cloudsql/project:region:name", "connect_timeout": "9"}


def test_jdbc() -> None:
    url = parse_url("jdbc:mysql://localhost:3306/app?user=u&password=p")
    assert (url.username, url.password, url.host, url.database) == ("u", "p", "localhost", "app")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("ssl_mode=PREFERRED", "ssl_mode=PREFERRED is not supported: write ssl_mode=DISABLED, "),
        ("ssl=maybe", "ssl=maybe is not supported: write ssl_mode="),
        ("ssl", "ssl has no value"),
        ("trustssl=yes", "trustssl is not supported: write ssl_mode=DISABLED, "),
        ("colour=red", "colour is not supported: remove it"),
        ("sslcert=no/such.pem", "ssl_cert: there is no file .*no/such.pem"),
        ("ssl_ca=no/such.pem", "ssl_ca: there is no file .*no/such.pem"),
        ("charset=latin1", "charset is not supported: .* utf8mb4"),
        ("connection_limit=5", "connection_limit is not supported: .* DATABASE_WRITE_POOL"),
        ("pool_size=5", "pool_size is not supported: .* DATABASE_WRITE_POOL"),
        ("pool_timeout=5", "pool_timeout is not supported: .* DATABASE_POOL_TIMEOUT"),
        ("pool_recycle=5", "pool_recycle is not supported: .* DATABASE_POOL_RECYCLE"),
        ("connect_timeout=soon", "connect_timeout must be"),
    ],
)
def test_refused(parameters: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        parse_url(f"mysql{HOST}?{parameters}")
    assert "\n" not in str(error.value)


def test_several_hosts() -> None:
    url = parse_url("mysql://u:p@db1:3307,[::1],db2:3308/app")
    assert hosts_of(url) == [("db1", 3307), ("::1", 3306), ("db2", 3308)]
    assert parse_url(url) == url == parse_url(url.render_as_string(hide_password=False))


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        ("a,", "'' is not a host: write each as name or name:port"),
        ("a:port,b", "'a:port' is not a host: write each as name or name:port"),
        ("%2Ftmp%2Fmysql.sock", "write unix_socket=/tmp/mysql.sock"),
    ],
)
def test_invalid_hosts(hosts: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_url(f"mysql://u:p@{hosts}/app")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://user:secret@host:port/app",
        "mysql://user:sec/ret@host:port/app",
        "postgresql://user:secret@localhost/app",
        "",
    ],
)
def test_messages_have_no_password(url: str) -> None:
    with pytest.raises(ValueError, match="it ") as error:
        parse_url(url)
    assert "sec" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("names", ["ssl_ca", "ssl_cert ssl_key", "ssl_key"])
def test_certificate_that_is_none_is_refused(tmp_path: Path, names: str) -> None:
    (tmp_path / "file.pem").write_text("nothing")
    query = dict.fromkeys(names.split(), str(tmp_path / "file.pem"))
    with pytest.raises(ValueError, match="ssl_cert"):
        parse_url(parse_url(f"mysql{HOST}").set(query=query))


async def test_timeout_includes_the_handshake(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it never answers
        port = silent.getsockname()[1]
        url = parse_url(f"mysql://user@127.0.0.1:{port}/app?connect_timeout=1")
        engine = create_writer(settings.model_copy(update={"database_url": url}))
        with pytest.raises(OperationalError, match="does not answer"):
            await engine.connect()
        await engine.dispose()
