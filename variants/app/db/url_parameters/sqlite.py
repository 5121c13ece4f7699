"""The path in a `DATABASE_URL`, and its parameters."""

from sqlalchemy import URL

from app.root import ROOT

FORM = "sqlite:///app.db"


def translate(url: URL) -> URL:
    """Make the path absolute. Raises ValueError for a database in memory, or for a parameter."""
    path = url.database or ""
    if url.host:
        raise ValueError("a path begins after three slashes: sqlite:///app.db")
    if not path or ":memory:" in path or "memory" in url.query.get("mode", ""):
        raise ValueError(
            "it must be a file, as in sqlite:///app.db: each connection would have its own "
            "database in memory"
        )
    for name in url.query:
        fix = " and set DATABASE_BUSY_TIMEOUT" if name == "timeout" else ""
        raise ValueError(f"{name} is not supported: remove it{fix}")
    if path.startswith("file:"):
        raise ValueError("it must have a plain path, as in sqlite:///app.db, without file:")
    return url.set(database=str(ROOT / path))
