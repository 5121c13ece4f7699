"""Asks Copier about the answer `domains`, and renders the files of domains, in memory."""

from pathlib import Path
from typing import Any

from copier._main import Worker
from copier._user_data import Question

from tests.support.template import copy_template

REFUSED = "Validation error for question 'domains': "


def domain(name: str, *fields: str, **more: object) -> dict[str, Any]:
    return {"name": name, "fields": list(fields or ["amount:int"]), **more}


class DomainRenderer:
    def __init__(self, folder: Path) -> None:
        """Copies the template to an empty folder, from which Copier reads it without git."""
        copy_template(folder)
        self.folder = folder
        self.files = [
            path.relative_to(folder / "template")
            for path in sorted((folder / "template").rglob("*"))
            if "{% yield domain" in str(path) and path.is_file()
        ]
        self.workers: dict[object, Worker] = {}

    def worker(self, **answers: object) -> Worker:
        """Returns Copier after all questions, with the default answers to the others."""
        key = tuple(answers.items())
        if key not in self.workers:
            self.workers[key] = Worker(
                src_path=str(self.folder),
                dst_path=self.folder / "nothing is written here",
                data=answers,
                defaults=True,
                quiet=True,
            )
            self.workers[key]._ask()
        return self.workers[key]

    def refusal(self, domains: object, **answers: object) -> str:
        """Returns why these domains are refused, or nothing."""
        try:
            question = make_question(self.worker(**answers), "domains")
            question.validate_answer(question.parse_answer(domains))
        except ValueError as error:
            assert str(error).startswith(REFUSED), error
            return str(error).removeprefix(REFUSED)
        return ""

    def render(self, domains: object, **answers: object) -> dict[str, str]:
        """Returns the files of all domains by their path."""
        worker = self.worker(**answers)
        worker.answers.user["domains"] = domains
        for name, question in worker.template.questions_data.items():
            if question.get("when") is False:
                worker.answers.user[name] = make_question(worker, name).get_default()
        context = worker._render_context()
        found = {}
        for file in self.files:
            source = worker.jinja_env.get_template(f"template/{file.as_posix()}")
            for path, more in worker._render_path(file):
                found[str(path)] = source.render(context, **more or {})
        return found


def make_question(worker: Worker, name: str) -> Question:
    return Question(
        answers=worker.answers,
        context=worker._render_context(),
        jinja_env=worker.jinja_env,
        settings=worker.settings,
        var_name=name,
        **worker.template.questions_data[name],
    )
