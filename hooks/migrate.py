"""Moves files and renames answers in a project, before an update to a release that did the same.

Copier treats a moved file as a deleted and a new one, and ignores the answer to a renamed question.
The team's edits and its answer would be lost. A release that moves or renames something declares:

    _migrations:
      - version: v2.0.0
        when: "{{ _stage == 'before' }}"
        command:
          - "{{ _copier_python }}"
          - "{{ _copier_conf.src_path }}/hooks/migrate.py"
          - "{{ _copier_conf.answers_file }}"
          - ...

    migrate.py ANSWERS move OLD NEW                      move a file or a folder, with its edits
    migrate.py ANSWERS rename QUESTION NEW [WAS=IS ...]  rename an answer and its values

ANSWERS is the answers file, which a project with several templates names itself. Copier runs this
script in the project's folder. Running it again changes nothing. Only the update to that release
needs `--trust`.
"""

import subprocess
import sys
from pathlib import Path

import yaml  # a dependency of Copier, whose interpreter runs this


def move(old: str, new: str) -> None:
    source, target = Path(old), Path(new)
    if not source.exists():
        return  # the team has deleted it, or the answers do not include it
    if target.exists():
        sys.exit(f"{old} moves to {new}, which already exists. Move it, commit, and update again.")
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "mv", "--", source, target], check=True)


def rename(file: Path, question: str, new: str, *values: str) -> None:
    text = file.read_text(encoding="utf-8")
    answers = yaml.safe_load(text)
    if question not in answers:
        return
    comments = [line for line in text.splitlines(keepends=True) if line.startswith("#")]
    changed = dict(value.split("=", 1) for value in values)
    answer = answers.pop(question)
    answers[new] = changed.get(str(answer), answer)
    dumped = yaml.safe_dump(answers, allow_unicode=True)
    file.write_text("".join(comments) + dumped, encoding="utf-8")


def main(arguments: list[str]) -> None:
    match arguments:
        case [file, "move" | "rename", *_] if not Path(file).exists():
            sys.exit(f"There is no {file} in this folder. Run this in the folder of a project.")
        case [_, "move", old, new]:
            move(old, new)
        case [file, "rename", question, new, *values] if all("=" in value for value in values):
            rename(Path(file), question, new, *values)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
