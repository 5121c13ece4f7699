"""Asks Copier about the answer `domains`, and renders its files, in memory."""

from functools import cached_property
from pathlib import Path
from typing import Any

from copier._main import Worker

from tests.support.template import copy_template

REFUSED = "Validation error for question 'domains': "


def domain(name: str, *fields: str, **more: object) -> dict[str, Any]:
    return {"name": name, "fields": list(fields or ["amount:int"]), **more}


class DomainRenderer:
    def __init__(self, folder: Path) -> None:
        """Copies the template to an empty folder, from which Copier reads it without git."""
        copy_template(folder)
        self.folder = folder

    @cached_property
    def jinja_env(self) -> object:
        return self.worker().jinja_env

    def worker(self, **answers: object) -> Worker:
        return Worker(
            src_path=str(self.folder),
            dst_path=self.folder / "nothing is written here",
            data=answers,
            defaults=True,
            quiet=True,
        )

    def ask(self, **answers: object) -> Worker:
        """Answers all questions. Raises ValueError for an answer that is refused."""
        worker = self.worker(**answers)
        worker.__dict__["jinja_env"] = self.jinja_env  # it has all templates that were compiled
        worker._ask()
        return worker

    def refusal(self, domains: object, **answers: object) -> str:
        """Returns why these domains are refused, or nothing."""
        try:
            self.ask(domains=domains, **answers)
        except ValueError as error:
            assert str(error).startswith(REFUSED), error
            return str(error).removeprefix(REFUSED)
        return ""
