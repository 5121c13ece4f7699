"""`.env`: which settings there are, an example with all of them, and what is wrong in one."""

import ast
import difflib
import inspect
import json
import re
from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings
from sqlalchemy import URL

from app.settings import Settings

APP = Path(__file__).parents[1]
HEAD = "# Every setting, with its default. Copy this to .env, or set the variables themselves: they win."


def every_setting() -> Iterator[tuple[str, FieldInfo, str]]:
    """Name, field and docstring: those of the service, and those of every `app/*/settings.py`."""
    kinds: list[type[BaseSettings]] = [Settings]
    for path in sorted(APP.glob("*/settings.py")):
        module = import_module(f"app.{path.parent.name}.settings")
        kinds += [kind for kind in vars(module).values() if is_another(kind, module.__name__)]
    for kind in kinds:
        words = {name: text for parent in kind.__mro__ for name, text in docstrings(parent)}
        for name, field in kind.model_fields.items():
            yield name.upper(), field, words.get(name, "")


def is_another(kind: Any, module: str) -> bool:
    if not isinstance(kind, type) or not issubclass(kind, BaseSettings):
        return False
    return kind.__module__ == module and not issubclass(Settings, kind)


def docstrings(kind: type) -> Iterator[tuple[str, str]]:
    """Of the attributes: read here, since pydantic would do it at each start of the service."""
    if not kind.__module__.startswith("app."):
        return
    [definition] = ast.parse(inspect.getsource(kind)).body
    for field, text in pairwise(getattr(definition, "body", [])):
        match field, text:
            case ast.AnnAssign(ast.Name(name)), ast.Expr(ast.Constant(str(words))):
                yield name, words


def example() -> str:
    """`.env.example`, made from the settings' own words."""
    lines = [HEAD]
    for name, field, words in every_setting():
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        lines += ["", *([f"# {' '.join(words.replace('`', '').split())}"] if words else [])]
        lines += [f"# {', '.join(choices[:-1])} or {choices[-1]}"] if choices else []
        lines += [f"#{name}={written(field)}"]
    return "\n".join(lines) + "\n"


def written(field: FieldInfo) -> str:
    """Its default as `.env` has it; a secret has none."""
    value = field.get_default(call_default_factory=True, validated_data={})
    if field.is_required() or value is None or isinstance(value, SecretStr):
        return ""
    if isinstance(value, URL):
        plain = value.set(drivername=value.get_backend_name())  # as one writes it
        return plain.render_as_string(hide_password=False)
    if isinstance(value, str):
        return f'"{value}"' if " " in value else value
    return json.dumps(value, default=str)


def find_faults(path: Path) -> list[str]:
    """The names in the file that mean nothing, each with its cure."""
    known = {name for name, *_ in every_setting()}
    compose = APP.parent / "compose.yaml"  # which reads the file, too
    others = re.findall(r"\$\{(\w+)", compose.read_text()) if compose.exists() else []
    found = []
    for name in sorted(dotenv_values(path).keys() - known - set(others)):
        close = difflib.get_close_matches(name.upper(), known, 1)
        cure = f"is it {close[0]}?" if close else "delete it, or export it for what reads it."
        found.append(f"{name} in {path.name} is no setting: {cure}")
    return found
