"""The template in the working tree, and its questions."""

import shutil
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
TEMPLATE_PARTS = ("copier.yml", "template", "variants", "hooks")
"""What Copier needs of this repository."""


def copy_template(destination: Path) -> None:
    """Copies the template from the working tree, uncommitted changes included."""
    for name in TEMPLATE_PARTS:
        source = ROOT / name
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, destination / name, ignore=ignore)
        else:
            shutil.copy2(source, destination)


def read_config(template: Path) -> dict[str, Any]:
    """Returns what copier.yml says: settings, questions and computed values."""
    config: dict[str, Any] = yaml.safe_load((template / "copier.yml").read_text())
    return config


def read_questions(template: Path) -> dict[str, Any]:
    """Returns the questions by name, without the values that are computed from the answers."""
    return {
        name: question
        for name, question in read_config(template).items()
        if not name.startswith("_") and question.get("when") is not False
    }
