"""Prints `.env.example`, and finds unknown names in `.env`: `uv run python -m dev.env_file`."""

import difflib
import json
import re
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from sqlalchemy import URL

from app.settings import Settings

ROOT = Path(__file__).parents[1]
HEAD = (
    "# Every setting with its default. Copy this file to .env; environment variables take "
    "precedence.\n# After you add a setting: uv run python -m dev.env_file > .env.example"
)


def example() -> str:
    """The text of `.env.example`, made from the settings and their descriptions."""
    lines = [HEAD]
    for name, field in Settings.model_fields.items():
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        lines += ["", f"# {(field.description or '').replace('`', '')}"]
        lines += [f"# One of: {', '.join(choices)}"] if choices else []
        lines += [f"#{name.upper()}={default(field)}"]
    return "\n".join(lines) + "\n"


def default(field: FieldInfo) -> str:
    """The default in the syntax of `.env`. Secrets have none."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if field.is_required() or value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, URL):
        plain = value.set(drivername=value.get_backend_name())
        return plain.render_as_string(hide_password=False)
    if isinstance(value, str):
        return f'"{value}"' if " " in value else value
    return json.dumps(value, default=str)


def find_faults(path: Path) -> list[str]:
    """The names in the file that are not settings, each with a suggestion."""
    known = {name.upper() for name in Settings.model_fields}
    compose = ROOT / "compose.yaml"  # Docker Compose also reads .env
    others = re.findall(r"\$\{(\w+)", compose.read_text()) if compose.exists() else []
    found = []
    for name in sorted(dotenv_values(path).keys() - known - set(others)):
        close = difflib.get_close_matches(name.upper(), known, 1)
        fix = f"did you mean {close[0]}?" if close else "delete it, or export it where it is used."
        found.append(f"{name} in {path.name} is not a setting: {fix}")
    return found


if __name__ == "__main__":
    sys.stdout.write(example())
