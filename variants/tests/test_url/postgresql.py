"""`DATABASE_URL` as hosting providers write it: what it becomes, and what is refused."""

from collections.abc import Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.db.engine import create_migrator, create_reader, create_writer
from app.db.url import DRIVER, parse_url
from app.db.url_parameters import system_certificates
from app.settings import Settings
from tests.conftest import settings_for

CreateEngine = Callable[[Settings], AsyncEngine]
HOST = "://user:p%40ss%2Fw@db.example.com:5432/app"
SYSTEM = system_certificates()
VERIFIED = {"sslmode": "verify-full", "sslrootcert": SYSTEM}
VERIFY_CA = VERIFIED | {"sslmode": "verify-ca"}


@pytest.mark.parametrize(
    ("scheme", "parameters", "query"),
    [
        ("postgres", "", {}),
        (" postgresql+psycopg2", "\n", {}),
        ("postgresql", "?sslmode=require", {"sslmode": "require"}),
        ("postgresql", "?sslmode=no-verify", {"sslmode": "require"}),
        ("postgresql", "?ssl=true", {"sslmode": "require"}),
        ("postgresql", "?ssl=0", {"sslmode": "disable"}),
        ("postgresql", "?ssl=verify-full", VERIFIED),
        ("postgresql", "?sslmode=verify-full", VERIFIED),
        ("postgresql", "?sslmode=require&sslrootcert=system", VERIFIED),
        ("postgresql", f"?sslrootcert={SYSTEM}", VERIFIED),
        ("postgresql", f"?sslmode=verify-ca&sslrootcert={SYSTEM}", VERIFY_CA),
        ("postgresql", "?options=endpoint%3Dep-1", {"options": "endpoint=ep-1"}),
    ],
)
def test_translated(scheme: str, parameters: str, query: dict[str, str]) -> None:
    url = parse_url(scheme + HOST + parameters)
    assert url.drivername == DRIVER
    assert (url.username, url.password, url.host) == ("user", "p@ss/w", "db.example.com")
    assert dict(url.query) == query
    assert parse_url(url) == url == parse_url(url.render_as_string(hide_password=False))


@pytest.mark.parametrize(
    ("given", "hosts", "ports"),
    [
        ("postgresql://u:p@a:1,b:2/app", "a,b", "1,2"),
        ("postgresql://u:p,w@a,b:2/app", "a,b", "5432,2"),
        ("postgresql://u:p@[::1]:1,[::2]/app", "::1,::2", "1,5432"),
        ("postgresql://u:p@/app?host=a:1&host=b:2", "a,b", "1,2"),
        ("postgresql://u:p@%2Fvar%2Frun/app", "/var/run", "5432"),
        ("postgresql:///app?host=/cloudsql/a:b:c", "/cloudsql/a:b:c", "5432"),
        ("jdbc:postgresql://a,b/app?user=u&password=p", "a,b", "5432,5432"),
    ],
)
def test_hosts(given: str, hosts: str, ports: str) -> None:
    url = parse_url(given)
    assert (url.query["host"], url.query["port"]) == (hosts, ports)
    assert url.host is None
    assert parse_url(url.render_as_string(hide_password=False)) == url


def test_one_host() -> None:
    url = parse_url("postgres://u:p@[::1]:5433/app")
    assert (url.host, url.port, dict(url.query)) == ("::1", 5433, {})
    url = parse_url("postgres://u:a%2Fb,c?d@host/app")
    assert (url.host, url.password, dict(url.query)) == ("host", "a/b,c?d", {})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("pgbouncer=true", "pgbouncer is not supported: .* DATABASE_POOLER=transaction"),
        ("statement_cache_size=0", "statement_cache_size .* DATABASE_POOLER=transaction"),
        ("connection_limit=1", "connection_limit is not supported: .* DATABASE_WRITE_POOL"),
        ("pool_size=5", "pool_size is not supported: .* DATABASE_WRITE_POOL"),
        ("pool_timeout=5", "pool_timeout is not supported: .* DATABASE_POOL_TIMEOUT"),
        ("statement_timeout=5", "statement_timeout is not .* DATABASE_STATEMENT_TIMEOUT"),
        ("prepared_statement_cache_size=0", "prepared_.* DATABASE_POOLER=transaction"),
        ("search_path=tenant", "search_path is not supported: write options=-csearch_path"),
        ("currentSchema=tenant", "currentSchema is not supported: write options=-csearch_path"),
        ("schema=tenant", "schema is not supported: write options=-csearch_path"),
        ("sslmod=require", "sslmod is not supported: write sslmode=require, or"),
        ("ssl-mode=REQUIRED", "ssl-mode is not supported: write sslmode=require, or"),
        ("ssl_ca=/ca.pem", "ssl_ca is not supported: .* sslrootcert="),
        ("requireTLS=true", "requireTLS is not supported: write sslmode=require, or"),
        ("colour=red", "colour is not supported: remove it"),
        ("ssl", "ssl has no value"),
        ("sslmode=&a=b", "sslmode has no value"),
        ("sslmode=REQUIRED", "sslmode=REQUIRED is not supported: use disable, .* verify-full"),
        ("sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert"),
        ("sslmode=require&sslmode=disable", "sslmode=require,disable is not supported"),
        ("sslrootcert=no/such.pem", "sslrootcert: there is no file .*no/such.pem"),
        (f"sslcert={SYSTEM}&sslkey={SYSTEM}", "sslcert and sslkey do not match"),
        ("connect_timeout=soon", "connect_timeout must be"),
        ("target_session_attrs=master", "target_session_attrs=master is not one of any, primary"),
    ],
)
def test_refused(parameters: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        parse_url(f"postgresql{HOST}?{parameters}")
    assert "\n" not in str(error.value)


def test_channel_binding() -> None:
    """With asyncpg, which has no channel binding, only a verified certificate is as safe."""
    required = f"postgresql{HOST}?channel_binding=require&sslmode="
    assert parse_url(required + "verify-full").query["sslmode"] == "verify-full"
    if DRIVER.endswith("asyncpg"):
        with pytest.raises(ValueError, match=r"channel_binding .*verify-full"):
            parse_url(required + "require")
    else:
        assert parse_url(required + "require").query["channel_binding"] == "require"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:sec/ret@host:5432/app",
        "postgresql://user:secret@host:port/app",
        "postgresql://user:sec@ret@host/app",
        "host=localhost password=secret",
        "mysql://user:secret@localhost/app",
        "",
    ],
)
def test_messages_have_no_password(url: str) -> None:
    try:
        parse_url(url)
    except ValueError as error:
        assert "sec" not in str(error)
        assert "\n" not in str(error)


@pytest.mark.parametrize("create", [create_migrator, create_writer, create_reader])
async def test_all_engines_use_the_parameters(settings: Settings, create: CreateEngine) -> None:
    options = "-csearch_path=tenant -cwork_mem=8MB -cstatement_timeout=7s"
    url = settings.database_url.update_query_dict(
        {"application_name": "my app", "options": options, "target_session_attrs": "read-write"}
    )
    engine = create(settings_for(parse_url(url)))
    async with engine.connect() as connection:
        found = [
            (await connection.exec_driver_sql(f"SHOW {name}")).scalar()
            for name in ("application_name", "search_path", "work_mem", "statement_timeout")
        ]
    await engine.dispose()
    assert found == ["my app", "tenant", "8MB", "7s"]
