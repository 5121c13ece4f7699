"""A Python shell with the database, the models and top-level `await`: `uv run just shell`."""

import ast
import asyncio
import code
import inspect
from types import CodeType, FunctionType
from typing import Any

from sqlmodel import SQLModel, col, select

from app.db.session import connect
from app.domains import load_models
from app.settings import read_settings

BANNER = "{url}\n{names}; open a session with `async with db.unit() as session:`."


class Shell(code.InteractiveConsole):
    """Runs each input in the event loop of the database."""

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
        except (Exception, KeyboardInterrupt):  # noqa: BLE001  the traceback is shown
            self.showtraceback()


def main() -> None:
    settings = read_settings()
    load_models()
    models = {mapper.class_.__name__: mapper.class_ for mapper in SQLModel._sa_registry.mappers}
    with asyncio.Runner() as runner:
        connecting = connect(settings)
        db = runner.run(connecting.__aenter__())
        names = {"db": db, "col": col, "select": select, **models}
        url = settings.database_url.difference_update_query(["sslpassword"])
        banner = BANNER.format(url=url, names=", ".join(names))
        try:
            Shell(runner, names).interact(banner, "")
        finally:
            runner.run(connecting.__aexit__(None, None, None))


if __name__ == "__main__":
    main()
