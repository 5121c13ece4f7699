"""The folder that relative paths in the settings start from."""

from pathlib import Path

PROJECT = Path(__file__).parents[1]
# A service that is installed from its wheel has no project: it uses the working folder.
ROOT = PROJECT if (PROJECT / "pyproject.toml").exists() else Path.cwd()
