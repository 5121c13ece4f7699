"""Executable docs: runs the code blocks of a page from top to bottom in a project.

The info string of a block says what happens with it:

    ```python title="app/x.py"    a new file is written. If the template has a file of that name, the
                                  block quotes it: some combination's file must have these lines, and
                                  "..." stands for lines that are left out
    ```diff                       the change is applied to the project
    ```sh                         the commands are run in the project's folder
    ```console, ```text           nothing happens: commands that cannot run in tests, and output
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.support.commands import CommandFailed, run_command

NOT_EXECUTED = {"console", "text"}


@dataclass(frozen=True)
class Block:
    """A code block, and where it is: the page's name and the line."""

    position: str
    language: str
    title: str
    text: str


def read_blocks(page: Path) -> Iterator[Block]:
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.map is not None:
            language, _, more = token.info.partition(" ")
            title = re.search(r'title="(.+?)"', more)
            position = f"{page.name}:{token.map[0] + 1}"
            yield Block(position, language, title[1] if title else "", token.content)


def execute_blocks(
    blocks: Iterable[Block], project: Path, env: dict[str, str], renders: Sequence[Path]
) -> int:
    """Executes all blocks and returns how many. Raises CommandFailed at the first that is wrong."""
    done = 0
    for block in blocks:
        if block.language not in NOT_EXECUTED:
            execute_block(block, project, env, renders)
            done += 1
    return done


def execute_block(
    block: Block, project: Path, env: dict[str, str], renders: Sequence[Path] = ()
) -> None:
    match block:
        case Block(language="sh"):
            run(block, project, env, "sh", "-euc", block.text)
        case Block(language="diff"):
            (project / "change.diff").write_text(block.text, encoding="utf-8")
            run(block, project, env, "git", "apply", "--recount", "change.diff")
            (project / "change.diff").unlink()
        case Block(title=title) if title:
            write_or_compare(block, project, [render / title for render in renders])
        case _:
            raise CommandFailed(f"{block.position}: {block.language!r} cannot be executed")


def run(block: Block, project: Path, env: dict[str, str], *command: str) -> None:
    try:
        run_command(project, env, *command)
    except CommandFailed as failure:
        raise CommandFailed(f"{block.position}: {failure}") from None


def write_or_compare(block: Block, project: Path, candidates: Sequence[Path]) -> None:
    """Writes the block's file. If the template has that file, compares the block with it instead."""
    files = [file for file in candidates if file.exists()]
    if not files:
        path = project / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    elif not any(quotes(block.text, file.read_text(encoding="utf-8")) for file in files):
        raise CommandFailed(f"{block.position}: {block.title} does not have these lines")


def quotes(text: str, whole: str) -> bool:
    """Returns whether the parts of a text, separated by "...", are in the other one in this order."""
    position = 0
    for part in re.split(r"^ *(?:# )?\.\.\.\n", text, flags=re.MULTILINE):
        found = whole.find(part.strip("\n"), position)
        if found < 0:
            return False
        position = found + len(part.strip("\n"))
    return True
