"""The answers of this project, and what the template renders with other answers."""

import json
import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
COPIER = ["tool", "run", "copier>=9.19,<10"]
ITEMS = {"name": "items", "fields": ["name:str:200:unique", "description:str:2000:null"]}
INVALID_ANSWER = "Validation error for question 'domains': "
Domain = dict[str, Any]


class Refused(Exception):
    """A command cannot run, and has written nothing. The message says why and what to do."""


def answers_file() -> Path:
    """`.copier-answers.yml`, or a file with another name, such as `.copier-answers.shop.yml`."""
    for path in sorted(ROOT.glob(".copier-answers*.y*ml")):
        if "\ndb_driver:" in path.read_text(encoding="utf-8"):
            return path
    raise Refused("There is no .copier-answers.yml, so Copier cannot update this project.")


def read_answers() -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load(answers_file().read_text(encoding="utf-8"))
    return answers


def answered_domains() -> list[Domain]:
    return list(read_answers().get("domains") or [])


def all_domains() -> list[Domain]:
    """All domains that the template made. The items of the example are not in the answer."""
    answered = answered_domains()
    example = read_answers().get("example", True)
    if example and all(domain["name"] != "items" for domain in answered):
        return [ITEMS, *answered]
    return answered


def find(name: str) -> Domain:
    for domain in all_domains():
        if domain["name"] == name:
            return domain
    names = ", ".join(domain["name"] for domain in all_domains())
    raise Refused(f"{name}: this is not a domain of the template. These are: {names or 'none'}.")


@contextmanager
def rendered(domain: str, changes: Mapping[str, Any]) -> Generator[Path]:
    """Render a domain with changed answers, at the release of this project, in a temporary folder.

    Raises Refused with the template's message if an answer is invalid.
    """
    with TemporaryDirectory() as name:
        project = Path(name, "project")
        project.mkdir()
        shutil.copy(answers_file(), project)
        arguments = copier_arguments(changes, Path(name)) + only(domain)
        command = [os.environ.get("UV", "uv"), *COPIER, "recopy", "--defaults", *arguments]
        done = subprocess.run(
            [*command, str(project)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            _, invalid, message = done.stderr.rpartition(INVALID_ANSWER)
            last_line = done.stderr.strip().rpartition("\n")[2]
            message = message.strip().replace(" one: ", " --one ")  # as on the command line
            template = read_answers()["_src_path"]
            raise Refused(message if invalid else f"Copier failed with {template}: {last_line}")
        yield project


def update(domain: str, changes: Mapping[str, Any]) -> int:
    """Run `just update` with changed answers at the same release, and return its exit code."""
    with TemporaryDirectory() as name:
        command = ["just", "update", *copier_arguments(changes, Path(name))]
        if changes.keys() == {"domains"}:  # which changes no other file
            command += only(domain)
        return subprocess.run(command, cwd=ROOT, check=False).returncode


def copier_arguments(changes: Mapping[str, Any], folder: Path) -> list[str]:
    data = folder / "changes.json"  # JSON is YAML, too
    data.write_text(json.dumps(changes), encoding="utf-8")
    answers = f"--answers-file={answers_file().name}"
    return ["--quiet", "--vcs-ref=:current:", answers, f"--data-file={data}"]


def only(domain: str) -> list[str]:
    """Arguments that save time: Copier renders only the files of one domain and the answers."""
    kept = {"app", "tests", domain, answers_file().name}
    paths = [path for folder in (ROOT, ROOT / "app", ROOT / "tests") for path in folder.iterdir()]
    others = [path.relative_to(ROOT).as_posix() for path in paths if path.name not in kept]
    return [f"--exclude=/{path}" for path in others]


def git(*command: str) -> list[str]:
    """Run git in this project, and return the lines that it prints."""
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Refused(f"git {command[0]} failed: {done.stderr.strip()}")
    return done.stdout.splitlines()


def check_git(dry_run: bool) -> None:
    if not dry_run and (changed := git("status", "--short")):
        raise Refused("\n".join(["Commit or stash your changes first:", *changed]))


def edited_files(domain: str, files: list[str]) -> list[str]:
    """The files of a domain that the template did not make, or that differ from what it made."""

    def lines(path: Path) -> list[bytes] | None:
        return path.read_bytes().splitlines() if path.exists() else None

    with rendered(domain, {}) as project:
        return [file for file in files if lines(project / file) != lines(ROOT / file)]
