"""Where the schema is: the revisions that the code has, and those of the database.

Read without Alembic, which would take a tenth of each worker's memory for this.
"""

import ast
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
IDENTIFIERS = {"revision", "down_revision", "depends_on"}


@cache
def revisions(folder: Path = VERSIONS) -> tuple[set[str], set[str]]:
    """The newest revisions in a folder, and all of them."""
    known: set[str] = set()
    followed: set[str] = set()
    for path in folder.glob("*.py"):
        found = identifiers(path)
        if "revision" in found:
            known.add(found.pop("revision"))
        for before in found.values():
            followed.update([before] if isinstance(before, str) else before or [])
    return known - followed, known


def identifiers(path: Path) -> dict[str, Any]:
    """What a revision says of itself, without running it."""
    found = {}
    for statement in ast.parse(path.read_bytes()).body:
        match statement:
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(
                ast.Name(name), _, ast.expr() as value
            ) if name in IDENTIFIERS:
                found[name] = ast.literal_eval(value)
    return found


def current_revisions(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))
