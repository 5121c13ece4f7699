"""The lines of a domain are those of `ruff format`, however long its names are."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.combinations import Combination
from tests.support.domains import DomainRenderer, domain
from tests.support.rendering import Render

TYPES = [
    *("str:200:unique", "str:20:default=x", "text:null", "int", "bool:index", "decimal:10:2:index"),
    *("float", "date:unique", "time:default=09:30", "datetime", "uuid", "json", "enum:open:paid"),
]


@pytest.mark.parametrize("auth", [False, True])
def test_lines_fit_for_names_of_any_length(auth: bool, render: Render, tmp_path: Path) -> None:
    (tmp_path / "template").mkdir()
    renderer = DomainRenderer(tmp_path / "template")
    (tmp_path / "files").mkdir()
    config = render(Combination(auth=auth)) / "pyproject.toml"
    (tmp_path / "files" / "pyproject.toml").write_bytes(config.read_bytes())
    for length in range(2, 25):
        customers, orders = "c" * (length - 1) + "s", "o" * (length - 1) + "s"
        names = [letter * min(length + 6, 30) for letter in "abcdefghijklm"]
        fields = [":".join(field) for field in zip(names, TYPES, strict=True)]
        references = [f"{'r' * length}:ref:{customers}", f"{'t' * length}:ref:{orders}:null"]
        domains = [domain(customers, *fields), domain(orders, *fields, *references)]
        assert renderer.refusal(domains, auth=auth) == ""
        for name, text in renderer.render(domains, auth=auth).items():
            path = tmp_path / "files" / str(length) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--diff",
        "--no-cache",
        str(tmp_path / "files"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
