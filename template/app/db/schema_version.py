"""The version of the schema: the revisions in the code, and those in the database.

This module does not import Alembic, which would add a tenth to the memory of each worker.
"""

import re
from ast import literal_eval
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
# revision = "…", down_revision: str | None = "…", depends_on = ("…", "…"), also on several lines
IDENTIFIER = re.compile(
    r"^(revision|down_revision|depends_on|branch_labels)\b[^=\n]*= *(\([^)]*\)|\[[^]]*\]|.+)$",
    re.MULTILINE,
)


@cache
def known_revisions(folder: Path = VERSIONS) -> tuple[set[str], set[str]]:
    """The head revisions in a folder, and all of its revisions.

    Raises FileNotFoundError if the service was installed without the folder.
    """
    known: set[str] = set()
    followed: set[str] = set()
    labels: dict[str, str] = {}
    for path in [path for path in folder.iterdir() if path.suffix == ".py"]:
        found = read_identifiers(path.read_text(encoding="utf-8"))
        for revision in found.get("revision", ()):
            known.add(revision)
            labels |= dict.fromkeys(found.get("branch_labels", ()), revision)
        followed |= {*found.get("down_revision", ()), *found.get("depends_on", ())}
    return known - {labels.get(it, it) for it in followed}, known


def read_identifiers(text: str) -> dict[str, tuple[str, ...]]:
    """Return the values of these variables in the source of a revision."""
    values = {name: literal_eval(value) or () for name, value in IDENTIFIER.findall(text)}
    return {name: (it,) if isinstance(it, str) else tuple(it) for name, it in values.items()}


def database_revisions(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.scalars(text("SELECT version_num FROM alembic_version")))
