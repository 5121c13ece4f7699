"""Tasks: functions that run after the commit. Each domain has its own in `app/*/tasks.py`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Concatenate, Generic, ParamSpec, cast

from pydantic import ConfigDict, validate_call
from pydantic_core import to_jsonable_python

from app.db.database import Database
from app.domains import modules

P = ParamSpec("P")


@dataclass(frozen=True)
class Task(Generic[P]):
    name: str
    function: Callable[Concatenate[Database, P], Awaitable[None]]

    async def __call__(self, db: Database, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run the task here and now, for example in a test."""
        await self.function(db, *args, **kwargs)

    def dump(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """Return the arguments as JSON."""
        dumped: dict[str, Any] = to_jsonable_python(
            {"args": args, "kwargs": kwargs}, inf_nan_mode="strings"
        )
        return dumped

    async def load_and_run(self, db: Database, arguments: dict[str, Any]) -> None:
        """Run the task with the result of `dump`. Each argument gets the type of its parameter."""
        validated = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(self.function)
        await validated(db, *arguments["args"], **arguments["kwargs"])


registered: dict[str, Task[...]] = {}


def task(function: Callable[Concatenate[Database, P], Awaitable[None]]) -> Task[P]:
    """Turn an async function whose first parameter is the database into a task.

    Its name is `domain.function`. Stored jobs have it, so do not rename a task that has jobs.
    """
    domain = function.__module__.removeprefix("app.").removesuffix(".tasks")
    made = Task(f"{domain}.{cast(FunctionType, function).__name__}", function)
    registered[made.name] = made
    return made


def find_tasks() -> dict[str, Task[...]]:
    """Return all tasks by name."""
    modules("tasks")
    return registered
