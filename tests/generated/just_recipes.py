"""Uses the recipes of a justfile, as a developer does who has no database and no .env yet."""

import os
import re
import stat
import subprocess
from pathlib import Path
from urllib.request import Request, urlopen

from tests.generated.git_hooks import check_hook_messages
from tests.generated.project import GeneratedProject
from tests.generated.serving import JSON_HEADERS, delete_dev_database, run_just_dev, sign_up
from tests.support.commands import CommandFailed, expect, run_command, run_failing_command
from tests.support.git import git

JUST = ["uv", "run", "just"]
COUNT_KEPT_ITEMS = """\
from app.items.models import Item
from sqlmodel import func
async with db.unit(read_only=True) as session:
    kept = select(func.count(col(Item.id))).where(Item.name == "kept")
    print("kept:", (await session.exec(kept)).one())

exit()
"""


def use_recipes(generated: GeneratedProject) -> None:
    """Raises CommandFailed at the first recipe that does not do what it says."""
    project, users = generated.path, generated.combination.auth
    env = {name: value for name, value in generated.env.items() if "DATABASE_URL" not in name}
    listed = run_command(project, env, *JUST).partition("Available recipes:\n")[2].splitlines()
    if undocumented := [
        line for line in listed if line.strip() and "#" not in line and "[" not in line
    ]:
        raise CommandFailed(f"These recipes have no comment: {undocumented}")
    if generated.combination.has_server:
        check_foreign_folder(project, env)
    check_hook_messages(generated)
    run_command(project, env, *JUST, "setup")
    if stat.S_IMODE((project / ".env").stat().st_mode) != 0o600:
        raise CommandFailed("Other users may read .env")
    secret = re.search(r"^SECRET_KEY=(.*)", (project / ".env").read_text(), re.MULTILINE)
    if users and (secret is None or len(secret[1]) < 64):
        raise CommandFailed(".env has no secret key")
    before = (project / ".env").read_text()
    run_command(project, env, *JUST, "setup")
    if (project / ".env").read_text() != before:
        raise CommandFailed("`just setup` changes .env the second time")
    git(project, "status")  # fails if there is no repository
    expect("openapi", run_command(project, env, *JUST, "run", "manage", "--help"))
    unformatted = project / "app" / "unformatted.py"
    unformatted.write_text("import sys\nname = 'x'\n")
    run_command(project, env, *JUST, "format")
    if unformatted.read_text() != 'import sys\n\nname = "x"\n':
        raise CommandFailed(f"`just format` does not format this:\n{unformatted.read_text()}")
    run_command(project, env, *JUST, "fix")
    if unformatted.read_text() != 'name = "x"\n':
        raise CommandFailed(f"`just fix` does not fix this:\n{unformatted.read_text()}")
    unformatted.unlink()
    run_command(project, env, *JUST, "doctor")
    first = start_waiting_command(project, env)
    with run_just_dev(project, env) as address:
        first.communicate()  # ends the command that has started the database, while others use it
        headers = JSON_HEADERS | (sign_up(address) if users else {})
        urlopen(Request(f"{address}/items", b'{"name": "kept"}', headers)).close()
        expect("kept: 1", run_shell(project, env))  # while `just dev` uses the same database
    expect("kept: 1", run_shell(project, env))  # which starts the database again
    check_doctor(project, env)
    if generated.combination.database == "postgresql":
        check_hidden_passwords(project, env)
    delete_dev_database(project, env)


def check_doctor(project: Path, env: dict[str, str]) -> None:
    """Checks that `just doctor` says what is wrong in .env and in the revisions, and what to do."""
    lines = (project / ".env").read_text()
    for line, message in (
        ("LOGLEVEL=INFO", "LOGLEVEL in .env is not a setting: did you mean LOG_LEVEL?"),
        ("LOG_LEVEL=LOUD", "LOG_LEVEL: Input should be 'DEBUG'"),
        ("DATABASE_URL=oracle://somewhere/db", "DATABASE_URL"),
    ):
        (project / ".env").write_text(f"{lines}{line}\n")
        run_failing_command(project, env, *JUST, "doctor", message=message)
    (project / ".env").write_text(lines)
    revision = project / "migrations" / "versions" / "another.py"
    revision.write_text('revision = "another"\ndown_revision = "items"\n')
    run_failing_command(project, env, *JUST, "doctor", message="or `just migrate`")
    revision.unlink()
    check_two_heads(project, env)
    run_command(project, env, *JUST, "doctor")


def check_hidden_passwords(project: Path, env: dict[str, str]) -> None:
    """Checks that `just doctor` does not print the passwords in DATABASE_URL."""
    url = "postgresql://app:hidden@127.0.0.1:1/app?sslpassword=hidden"
    hidden = env | {"DATABASE_URL": url}
    said = run_failing_command(project, hidden, *JUST, "doctor", message="@127.0.0.1:1/app: ")
    if "hidden" in said:
        raise CommandFailed(f"`just doctor` prints a password:\n{said}")


def check_foreign_folder(project: Path, env: dict[str, str]) -> None:
    """Checks that root cannot use a folder in /var/tmp that belongs to another user."""
    print_folder = ["uv", "run", "python", "-c", "from dev.database import FOLDER; print(FOLDER)"]
    folder = Path(run_command(project, env, *print_folder).strip())
    if folder.is_relative_to(project):  # the current user is not root
        return
    folder.mkdir()
    os.chown(folder, 1, 1)
    run_failing_command(project, env, *JUST, "doctor", message="belongs to another user")
    folder.rmdir()


def check_two_heads(project: Path, env: dict[str, str]) -> None:
    """Checks what `just doctor` says after a merge of two branches that each added a revision."""
    versions = project / "migrations" / "versions"
    before = set(versions.glob("*.py"))
    head = run_command(project, env, "uv", "run", "alembic", "heads").rpartition(" (head)")[0]
    for name in ("their_orders", "our_orders"):
        text = f'revision = "{name}"\ndown_revision = "{head.split()[-1]}"\n'
        (versions / f"{name}.py").write_text(text)
    message = "There are 2 heads, our_orders and their_orders"
    said = run_failing_command(project, env, *JUST, "doctor", message=message)
    merge = re.search(r"two branches added revisions. Run: (.*)", said)
    if merge is None:
        raise CommandFailed(f"There is no command that merges the heads:\n{said}")
    run_command(project, env, "sh", "-c", merge[1])
    said = run_failing_command(project, env, *JUST, "doctor", message="or `just migrate`")
    expect("ok     revisions  the head is ", said)
    for path in set(versions.glob("*.py")) - before:
        path.unlink()


def start_waiting_command(project: Path, env: dict[str, str]) -> "subprocess.Popen[str]":
    """Starts a command that uses the database until its standard input ends."""
    wait = [*JUST, "run", "python", "-c", "print('waiting', flush=True); input()"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        wait, cwd=project, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
    assert process.stdout is not None
    expect("waiting", process.stdout.readline())
    return process


def run_shell(project: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        [*JUST, "shell"],
        cwd=project,
        env=env,
        input=COUNT_KEPT_ITEMS,
        capture_output=True,
        text=True,
        check=False,
    )
    for text in ("Traceback", "Warning"):
        if text in done.stderr:
            raise CommandFailed(f"`just shell` prints an error:\n{done.stderr}")
    return done.stdout + done.stderr
