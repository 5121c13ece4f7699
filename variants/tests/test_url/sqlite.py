"""`DATABASE_URL`: paths, and what is refused when the service starts."""

import pytest
from sqlalchemy import make_url

from app.db.settings import DatabaseSettings
from app.db.url import parse_url
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("sqlite:///app.db", ROOT / "app.db"),
        ("sqlite+pysqlite:///data/app.db", ROOT / "data" / "app.db"),
        ("sqlite:////data/app.db\n", "/data/app.db"),
    ],
)
def test_path_does_not_depend_on_the_working_folder(given: str, path: object) -> None:
    url = parse_url(given)
    assert (url.drivername, url.database) == ("sqlite+aiosqlite", str(path))
    assert parse_url(url) == url == parse_url(url.render_as_string())


def test_default_is_in_the_project() -> None:
    default = DatabaseSettings.model_fields["database_url"].default
    assert parse_url(default).database == str(ROOT / "app.db")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sqlite://", "must be a file"),
        ("sqlite:///", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("sqlite+aiosqlite:///:memory:", "must be a file"),
        ("sqlite:///file::memory:?cache=shared&uri=true", "must be a file"),
        ("sqlite:///file:app?mode=memory&uri=true", "must be a file"),
        ("sqlite:///file:app.db", "plain path"),
        ("file::memory:", "must be a database URL, such as sqlite:///app.db$"),
        ("app.db", "must be a database URL"),
        ("", "must be a database URL"),
        ("sqlite://app.db", "three slashes"),
        ("sqlite:///app.db?timeout=5", "timeout is not supported: .* DATABASE_BUSY_TIMEOUT"),
        ("sqlite:///app.db?mode=ro", "mode is not supported: remove it"),
        ("sqlite:///app.db?uri", "uri has no value"),
        ("postgresql://u:secret@localhost/app", "it is for postgresql"),
    ],
)
def test_refused(given: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        parse_url(given)
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_url_object_is_accepted() -> None:
    assert parse_url(make_url("sqlite:////data/app.db")).database == "/data/app.db"
