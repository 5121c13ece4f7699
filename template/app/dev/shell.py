"""Python with the database at hand: `async with db.unit() as session:`, and `await` at the prompt."""

import ast
import asyncio
import code
import inspect
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from sqlmodel import col, select

from app.db.session import connect
from app.settings import Settings, read_settings

BANNER = "{url}\n{names}; `async with db.unit() as session:` opens a session."


class Shell(code.InteractiveConsole):
    """Runs what is awaited in the event loop of the database."""

    def __init__(self, runner: asyncio.Runner, names: dict[str, Any]) -> None:
        super().__init__(names)
        self.runner = runner
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def runcode(self, code: CodeType) -> None:
        async def call() -> None:
            result = FunctionType(code, self.locals)()
            if inspect.iscoroutine(result):
                await result

        try:
            self.runner.run(call())
        except (Exception, KeyboardInterrupt):  # noqa: BLE001  it is shown
            self.showtraceback()


def run() -> None:
    settings = read_settings(Settings)
    with asyncio.Runner() as runner:
        connecting = connect(settings)
        db = runner.run(connecting.__aenter__())
        found = models()
        names = {"db": db, "col": col, "select": select, **found}
        banner = BANNER.format(url=settings.database_url, names=", ".join(names))
        try:
            Shell(runner, names).interact(banner, "")
        finally:
            runner.run(connecting.__aexit__(None, None, None))


def models() -> dict[str, type]:
    """The tables of every domain."""
    found: dict[str, type] = {}
    for path in sorted(Path(__file__).parents[1].glob("*/models.py")):
        module = import_module(f"app.{path.parent.name}.models")
        classes = inspect.getmembers(module, inspect.isclass)
        found |= {name: kind for name, kind in classes if hasattr(kind, "__table__")}
    return found
