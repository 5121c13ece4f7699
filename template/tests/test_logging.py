"""structlog and the standard library log in the same format, without secrets."""

import json
import logging
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

import pytest
import structlog
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.dev import ConsoleRenderer
from structlog.stdlib import ProcessorFormatter

from app.db.database import Database
from app.logging import configure_logging
from app.settings import Settings
from tests.conftest import environment_for

FAIL = """
import logging, structlog, sys
from app.logging import configure_logging
from app.settings import Settings

settings = Settings()
logging.basicConfig(stream=sys.stdout)
for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # as uvicorn does
    logging.getLogger(name).addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger(name).propagate = False

def fail():
    password = "se" + "cret"
    raise ValueError("it " + "failed")  # the source of this line may be shown

for form in ("json", "console"):
    configure_logging(settings.model_copy(update={"log_format": form}))
    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("here")
        logging.getLogger("uvicorn.error").exception("there")
    logging.getLogger("uvicorn").info("everywhere")
    structlog.get_logger().debug("hidden")
    logging.getLogger("a.library").debug("hidden")
    logging.getLogger("app.db.pool").info("hidden")
    logging.getLogger("uvicorn.access").error("hidden")  # each request has an entry already
    print("end of", form, flush=True)
"""


def test_standard_library_logs_in_the_same_format(app: FastAPI) -> None:
    handlers = logging.getLogger().handlers
    (ours,) = [each for each in handlers if isinstance(each.formatter, ProcessorFormatter)]
    record = logging.LogRecord("a.library", logging.WARNING, "", 0, "it is %s", ("late",), None)
    entry = json.loads(ours.format(record))
    assert (entry["event"], entry["level"], entry["logger"]) == (
        "it is late",
        "warning",
        "a.library",
    )


@pytest.mark.parametrize("value", [{200: 3}, {UUID(int=1): 1}, 2**64, "\ud800", {(1, 2): 3}])
def test_entry_with_a_value_that_orjson_refuses(value: object, app: FastAPI) -> None:
    renderer = structlog.get_config()["processors"][-1]
    assert json.loads(renderer(None, "info", {"event": "here", "value": value}))["event"] == "here"


def test_output_that_cannot_be_written(app: FastAPI, tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.touch()
    with path.open("rb") as read_only:
        output = structlog.get_config()["logger_factory"](cast(BinaryIO, read_only))
        for write in (output.debug, output.info, output.warning, output.error, output.exception):
            write(b"entry")


class Output(TextIOWrapper):
    """A standard output that is a terminal, or not."""

    def __init__(self, terminal: bool) -> None:
        super().__init__(BytesIO())
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("form", "terminal", "readable"),
    [("auto", True, True), ("auto", False, False), ("console", False, True), ("json", True, False)],
)
def test_format(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, form: str, terminal: bool, readable: bool
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", Output(terminal))
        configure_logging(settings.model_copy(update={"log_format": form}))
        renderer = structlog.get_config()["processors"][-1]
    configure_logging(settings)
    assert isinstance(renderer, ConsoleRenderer) is readable


def test_tracebacks_have_no_local_variables(settings: Settings, tmp_path: Path) -> None:
    env = environment_for(settings.database_url)
    command = [sys.executable, "-c", FAIL]
    output = subprocess.check_output(command, cwd=tmp_path, env=env, text=True)
    as_json, _, on_console = output.partition("end of json\n")
    for printed in (as_json, on_console):
        assert printed.count("it failed") == 2
        assert printed.count("everywhere") == 1
        assert "fail" in printed
        assert "secret" not in printed
        assert "hidden" not in printed
    here, there, _ = map(json.loads, as_json.splitlines())
    assert (here["event"], here["level"]) == ("here", "error")
    assert (there["event"], there["logger"]) == ("there", "uvicorn.error")


@pytest.mark.parametrize("engine", ["reader", "writer"])
async def test_database_errors_do_not_contain_values(db: Database, engine: str) -> None:
    async with getattr(db, engine).connect() as connection:
        with pytest.raises(DBAPIError) as error:
            await connection.execute(
                text("SELECT id FROM missing WHERE id = :value"), {"value": "secret"}
            )
    assert "secret" not in str(error.value)
