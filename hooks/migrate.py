"""Moves files and renames answers in a project, before an update to a release that did the same.

Copier treats a moved file as a deleted and a new one, and ignores the answer to a renamed question.
The team's edits and its answer would be lost. A release that moves or renames something declares:

    _migrations:
      - version: v2.0.0
        when: "{{ _stage == 'before' }}"
        command: ["{{ _copier_python }}", "{{ _copier_conf.src_path }}/hooks/migrate.py", ...]

    migrate.py move OLD NEW                      move a file or a folder, with the team's edits
    migrate.py rename QUESTION NEW [WAS=IS ...]  rename an answer and its values

Copier runs it in the project's folder. Running it again changes nothing. Only the update to that
release needs `--trust`.
"""

import subprocess
import sys
from pathlib import Path

import yaml  # a dependency of Copier, whose interpreter runs this

ANSWERS = Path(".copier-answers.yml")


def move(old: str, new: str) -> None:
    source, target = Path(old), Path(new)
    if not source.exists():
        return  # the team has deleted it, or the answers do not include it
    if target.exists():
        sys.exit(f"{old} moves to {new}, which already exists. Move it, commit, and update again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "mv", "--", source, target], check=True)


def rename(question: str, new: str, *values: str) -> None:
    text = ANSWERS.read_text(encoding="utf-8")
    answers = yaml.safe_load(text)
    if question not in answers:
        return
    comments = [line for line in text.splitlines(keepends=True) if line.startswith("#")]
    changed = dict(value.split("=", 1) for value in values)
    answer = answers.pop(question)
    answers[new] = changed.get(str(answer), answer)
    dumped = yaml.safe_dump(answers, allow_unicode=True)
    ANSWERS.write_text("".join(comments) + dumped, encoding="utf-8")


def main(arguments: list[str]) -> None:
    if not ANSWERS.exists():
        sys.exit(f"There is no {ANSWERS} in this folder. Run this in the folder of a project.")
    match arguments:
        case ["move", old, new]:
            move(old, new)
        case ["rename", question, new, *values] if all("=" in value for value in values):
            rename(question, new, *values)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
