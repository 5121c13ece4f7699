"""Pages of documentation that are carried out: their files written, changes applied, commands run.

What a block is, its info string says:

    ```python title="app/x.py"    a file: written where the project has none of that name; else it
                                  shows what some combination's file holds, "..." for what is left out
    ```diff                       a change to one file of the project
    ```sh                         commands, in the project's folder
    ```console, ```text           shown only: what cannot run here, and what is printed
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.steps import StepFailed, step

SHOWN = {"console", "text"}


@dataclass(frozen=True)
class Block:
    place: str
    language: str
    title: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.map is not None:
            language, _, more = token.info.partition(" ")
            title = re.search(r'title="(.+?)"', more)
            place = f"{page.name}:{token.map[0] + 1}"
            yield Block(place, language, title[1] if title else "", token.content)


def carry_out(page: Path, project: Path, env: dict[str, str], renders: Sequence[Path]) -> int:
    """How many blocks of the page were checked; StepFailed at the first that is not right."""
    done = 0
    for block in blocks(page):
        match block:
            case Block(language=language) if language in SHOWN:
                continue
            case Block(language="sh"):
                run(block, project, env, "sh", "-euc", block.text)
            case Block(language="diff"):
                (project / "change.diff").write_text(block.text, encoding="utf-8")
                run(block, project, env, "git", "apply", "--recount", "change.diff")
                (project / "change.diff").unlink()
            case Block(title=title) if title:
                place(block, project, [render / title for render in renders])
            case _:
                raise StepFailed(f"{block.place}: nobody runs this: {block.language!r}")
        done += 1
    return done


def run(block: Block, project: Path, env: dict[str, str], *command: str) -> None:
    try:
        step(project, env, *command)
    except StepFailed as failure:
        raise StepFailed(f"{block.place}: {failure}") from None


def place(block: Block, project: Path, shown: Sequence[Path]) -> None:
    """Write the block's file, unless it is one of the template's: those are quoted."""
    files = [file for file in shown if file.exists()]
    if not files:
        path = project / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    elif not any(quotes(block.text, file.read_text(encoding="utf-8")) for file in files):
        raise StepFailed(f"{block.place}: {block.title} holds no such lines")


def quotes(text: str, whole: str) -> bool:
    """Whether all parts of the text are in the other one, in that order."""
    position = 0
    for part in re.split(r"^ *(?:# )?\.\.\.\n", text, flags=re.MULTILINE):
        found = whole.find(part.strip("\n"), position)
        if found < 0:
            return False
        position = found + len(part.strip("\n"))
    return True
