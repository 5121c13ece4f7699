"""The image of a generated project, built and started without docker (see `image.py`)."""

import signal

import pytest

from tests.generated.matrix import Matrix
from tests.support.combinations import IMAGE_BUILT, Combination

UV_LOCK_FILE = "/srv/.venv/.lock"  # uv makes it writable for everyone, and nothing reads it


@pytest.mark.parametrize("combination", IMAGE_BUILT, ids=str)
def test_image(combination: Combination, matrix: Matrix) -> None:
    """The service does not run as root, cannot write to its code, gets healthy, and stops cleanly."""
    image = matrix.result(combination).image
    assert image["files"] == {
        ".venv",
        "README.md",
        "app",
        "migrations",
        "pyproject.toml",
        "uv.lock",
    }
    assert image["old bytecode"] == []
    assert image["user"] > 0
    assert set(image["writable"]) - {UV_LOCK_FILE} == {"/data", "/tmp"}
    no_secret = (1, "SECRET_KEY needs 32 characters: openssl rand -hex 32\n")
    assert image["started without a secret"] == no_secret
    assert image["migration"][0] == 0, image["migration"][1]
    assert image["superuser"] == [
        (0, "Created the superuser root@example.com.\n"),
        (0, "The superuser root@example.com exists already. Its password is unchanged.\n"),
    ]
    assert image["readiness"] == 200
    assert image["exit code"] in {0, -signal.SIGTERM}  # uvicorn ends itself by the signal
    assert "Application shutdown complete" in image["log"]
    assert "Traceback" not in image["log"]
