"""Changes a project before an update that moves a file or renames an answer.

Copier takes a file that has moved for one deleted and one new, and an answer to a renamed question
for none; a team's edits and its choice would be gone. A release that cannot do without says:

    _migrations:
      - version: v2.0.0
        when: "{{ _stage == 'before' }}"
        command: ["{{ _copier_python }}", "{{ _copier_conf.src_path }}/hooks/migrate.py", ...]

    migrate.py move OLD NEW                      a file or folder, with what the team wrote in it
    migrate.py rename QUESTION NEW [WAS=IS ...]  an answer, and its values

It runs in the project's folder, and does nothing the second time. The update to that release needs
`--trust`, and no later one does.
"""

import subprocess
import sys
from pathlib import Path

import yaml  # Copier's own interpreter has it

ANSWERS = Path(".copier-answers.yml")


def move(old: str, new: str) -> None:
    source, target = Path(old), Path(new)
    if not source.exists():
        return  # the team has deleted it, or these answers never brought it
    if target.exists():
        sys.exit(f"{new} is in the way of {old}, which moves there: move it, commit, update again.")
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
        sys.exit(f"There is no {ANSWERS} here: this is not the folder of a project.")
    match arguments:
        case ["move", old, new]:
            move(old, new)
        case ["rename", question, new, *values] if all("=" in value for value in values):
            rename(question, new, *values)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
