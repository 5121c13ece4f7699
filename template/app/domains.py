"""Finds the modules of each domain by its folder, so that you need not register a domain."""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

APP = Path(__file__).parent


@cache
def modules(name: str) -> list[ModuleType]:
    """Import every `app/*/<name>.py` or package `app/*/<name>/`, in alphabetical order."""
    files = {path.parent for path in APP.glob(f"*/{name}.py")}
    packages = {path.parents[1] for path in APP.glob(f"*/{name}/__init__.py")}
    return [import_module(f"app.{domain.name}.{name}") for domain in sorted(files | packages)]


def load_models() -> None:
    """Import all models, so that each table finds the tables that it references."""
    modules("models")
