"""Finds the modules of each domain by its folder, so that you need not register a domain."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType


@cache
def modules(name: str) -> list[ModuleType]:
    """Import every `app/*/<name>.py`, in alphabetical order."""
    paths = sorted(Path(__file__).parent.glob(f"*/{name}.py"))
    return [import_module(f"app.{path.parent.name}.{name}") for path in paths]
