"""`DATABASE_URL` passes on the parameters that the driver supports, and drops those without effect."""

import pytest

from app.db.url import DRIVER, parse_url
from app.db.url_parameters import system_certificates

ADDRESS = "postgresql://user@db.example.com/app?"
ASYNCPG = DRIVER.endswith("asyncpg")
FILE = system_certificates()
KEPT = {
    "application_name": "shop",
    "connect_timeout": "10",
    "gsslib": "gssapi",
    "krbsrvname": "postgres",
    "options": "-csearch_path=tenant",
    "passfile": FILE,
    "ssl_max_protocol_version": "TLSv1.3",
    "ssl_min_protocol_version": "TLSv1.2",
    "sslcrl": FILE,
    "sslnegotiation": "direct",
    "sslpassword": "secret",
}
TARGETS = {
    "any": "any",
    "primary": "primary",
    "read-write": "primary",
    "prefer-standby": "prefer-standby",
    "read-only": "standby",
    "standby": "standby",
}
# asyncpg always behaves as these values request, and does not accept the parameters.
WITHOUT_EFFECT = [
    ("channel_binding", "disable"),
    ("channel_binding", "prefer"),
    ("client_encoding", "utf8"),
    ("gssencmode", "disable"),
    ("gssencmode", "prefer"),
]


@pytest.mark.parametrize(("name", "value"), KEPT.items())
def test_supported_parameter(name: str, value: str) -> None:
    assert dict(parse_url(f"{ADDRESS}{name}={value}").query) == {name: value}


@pytest.mark.parametrize(("given", "expected"), TARGETS.items())
def test_target_session_attrs(given: str, expected: str) -> None:
    url = parse_url(f"{ADDRESS}target_session_attrs={given}")
    assert dict(url.query) == {"target_session_attrs": expected}


@pytest.mark.parametrize(("name", "value"), WITHOUT_EFFECT)
def test_parameter_without_effect(name: str, value: str) -> None:
    expected = {} if ASYNCPG else {name: value}
    assert dict(parse_url(f"{ADDRESS}{name}={value}").query) == expected


@pytest.mark.parametrize("name", ["sslcert", "sslkey"])
def test_client_certificate_and_key_are_used_together(name: str) -> None:
    with pytest.raises(ValueError, match="sslcert and sslkey are used together"):
        parse_url(f"{ADDRESS}{name}={FILE}")


def test_password_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    monkeypatch.setattr("ssl.SSLContext.load_cert_chain", lambda _, *files: used.append(files))
    parse_url(f"{ADDRESS}sslcert={FILE}&sslkey={FILE}&sslpassword=secret")
    parse_url(f"{ADDRESS}sslcert={FILE}&sslkey={FILE}")
    assert used == [(FILE, FILE, "secret"), (FILE, FILE, "")]
