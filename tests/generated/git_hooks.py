"""`just setup` installs a git hook, or says why it does not."""

import os
import shutil

from tests.generated.project import GeneratedProject
from tests.support.commands import expect, run_command
from tests.support.git import git

# Takes the place of uv. A hook cannot be installed if there is a file `refuse`.
UV = """\
#!/bin/sh
case "$*" in "run prek install") echo "prek is asked"; [ ! -e refuse ] ;; esac
"""


def check_hook_messages(project: GeneratedProject) -> None:
    """Runs `just setup` in folders of all kinds, without the packages and the database."""
    root = project.path.with_name(f"{project.path.name}-hooks")
    programs = root / "programs"
    programs.mkdir(parents=True)
    (programs / "uv").write_text(UV)
    (programs / "uv").chmod(0o755)
    for name in ("sh", "sed"):
        (programs / name).symlink_to(shutil.which(name) or name)
    without_git = str(programs)
    with_git = os.pathsep.join([without_git, project.env["PATH"]])

    def setup(folder: str, path: str = with_git) -> str:
        destination = root / folder
        destination.mkdir(parents=True, exist_ok=True)
        for name in ("justfile", ".env.example"):
            shutil.copy(project.path / name, destination)
        just = str(project.environment / "bin" / "just")
        return run_command(destination, project.env | {"PATH": path}, just, "setup")

    expect("prek is asked", setup("new"))
    expect("prek is asked", setup("new"))
    (root / "new" / "refuse").touch()
    expect("Installed no git hook: see above.", setup("new"))
    expect("Installed no git hook: git is not installed.", setup("no_git", without_git))
    git(root, "init", "--quiet", "monorepo")
    expect(f"no git hook: this folder is part of {root}/monorepo.", setup("monorepo/service"))
    git(root, "init", "--quiet", "other_hooks")
    git(root / "other_hooks", "config", "core.hooksPath", ".husky")
    expect("Installed no git hook: core.hooksPath is .husky.", setup("other_hooks"))
