"""`.env`: an example that has every setting, and names that mean nothing."""

import re
from pathlib import Path

from app.dev.env_file import example, find_faults

EXAMPLE = Path(__file__).parents[1] / ".env.example"


def test_the_example_has_every_setting() -> None:
    assert EXAMPLE.read_text() == example(), "uv run manage settings > .env.example"


def test_a_copy_of_the_example_is_right(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(re.sub(r"^#(?=[A-Z_]+=)", "", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert find_faults(path) == []


def test_a_name_that_is_no_setting_is_found(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("LOG_LEVEL=INFO\nLOGLEVEL=INFO\nSOMETHING=else\n")
    close, other = find_faults(path)
    assert close == "LOGLEVEL in .env is no setting: is it LOG_LEVEL?"
    assert other.startswith("SOMETHING in .env is no setting: delete it")
