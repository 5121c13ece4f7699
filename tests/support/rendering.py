"""Renders projects with Copier."""

from collections.abc import Callable
from pathlib import Path

import copier

Render = Callable[..., Path]
"""The type of the `render` fixture."""


def render_project(template: Path, destination: Path, **answers: object) -> Path:
    """Renders a project with these answers, and with the default answers to the other questions."""
    copier.run_copy(str(template), destination, data=answers, defaults=True, quiet=True)
    return destination
