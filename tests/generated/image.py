"""Builds a generated project's image without docker, and serves it.

The instructions of the Dockerfile run in a folder, which takes the place of the image's file system:
every absolute path of the Dockerfile is inside of it. `uv` and `python` are those of this machine, so
Python's version may differ from the Dockerfile's. If the tests run as root, the service runs as the
Dockerfile's user. Otherwise it runs as the current user, and everything that the Dockerfile's user
does not own is made read-only.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from pathlib import Path
from string import Template
from typing import Any

import yaml

from tests.generated.project import GeneratedProject
from tests.support.commands import PASSWORD, SECRET_KEY, CommandFailed, check_no_secret, run_command

TIMEOUT = 30  # seconds
SUPERUSER = {"SUPERUSER_EMAIL": "root@example.com", "SUPERUSER_PASSWORD": PASSWORD}
AS_ROOT = os.name == "posix" and os.geteuid() == 0
LEFTOVERS = [  # files of a checkout that must not get into the image
    *[".env", ".git/config", ".pytest_cache/README.md", "app.db", "build/report.txt", "id_rsa"],
    *["app/__pycache__/old.pyc", "app/db/__pycache__/old.pyc", "tests/__pycache__/old.pyc"],
]
LIST_WRITABLE = """
import os, sys
for folder, _, files in os.walk(sys.argv[1]):
    for path in [folder, *(os.path.join(folder, name) for name in files)]:
        if not os.path.islink(path) and os.access(path, os.W_OK):
            print(path.removeprefix(sys.argv[1]))
"""


def build_and_serve_image(project: GeneratedProject) -> None:
    """Reports what was observed. Raises CommandFailed if the image or its service does not start."""
    name = f"{project.combination}-image"
    database = project.servers.create_database(project.combination, name, project.path)
    for leftover in LEFTOVERS:
        (project.path / leftover).parent.mkdir(exist_ok=True)
        (project.path / leftover).touch()
    # The image's user has no access to pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="image-")).resolve()
    folder.chmod(0o755)
    try:
        image = Image(folder, project.path, project.env)
        project.run.image = image.serve(database["DATABASE_URL"])
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        shutil.rmtree(folder)


class Image:
    """An image that was built in a folder."""

    def __init__(self, folder: Path, project: Path, env: dict[str, str]) -> None:
        self.folder, self.project = folder, project
        own = {"DATABASE_URL", "TEST_DATABASE_URL", "UV_PROJECT_ENVIRONMENT"}
        self.host = {name: value for name, value in env.items() if name not in own}
        self.root = folder / "image"
        self.stage = ""
        self.owned: list[Path] = []
        self.accounts: dict[str, int] = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = str(probe.getsockname()[1])
        text = (project / "Dockerfile").read_text().replace("8000", self.port)
        text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
        text = re.sub(r"(?<=[\s=])/", f"{self.root}/", text)
        self.user = int(found[1]) if (found := re.search(r"(?m)^USER (\d+)$", text)) else 0
        self.python = self._find_python()
        for line in filter(None, text.splitlines()):
            self._run_instruction(*line.split(maxsplit=1))
        if not AS_ROOT:
            run_command(folder, env, "chmod", "-R", "u-w", str(self.root))
            run_command(folder, env, "chmod", "u+w", *map(str, self.owned))

    def serve(self, database: str) -> dict[str, Any]:
        """Migrates the database, runs the service until it is healthy, stops it, and reports."""
        env = {"DATABASE_URL": database, "SECRET_KEY": SECRET_KEY}
        migrate = ["alembic", "upgrade", "head"]
        if (file := self.project / "compose.yaml").exists():
            services = yaml.safe_load(file.read_text())["services"]
            environment = services["service"]["environment"]
            env = {name: env.get(name, value) for name, value in environment.items()}
            migrate = services["migrate"]["command"]
        else:
            env["DATABASE_URL"] = f"sqlite:///{self.root}/data/app.db"
        found: dict[str, Any] = {
            "user": self.user,
            "files": {path.name for path in self.workdir.iterdir()},
            "old bytecode": [str(path) for path in self.root.rglob("old.pyc")],
            "writable": self.run(["python", "-c", LIST_WRITABLE, str(self.root)], {})[1].split(),
            "started without a secret": self.run(self.command, env | {"SECRET_KEY": ""}),
            "migration": self.run(migrate, env),
        }
        create = ["manage", "users", "create-superuser"]
        found["superuser"] = [self.run(create, env | SUPERUSER) for _ in range(2)]
        service = self.start(self.command, env)
        try:
            end = time.monotonic() + TIMEOUT
            while (health := self.run(self.healthcheck, env))[0] != 0:
                if service.poll() is not None or time.monotonic() > end:
                    service.kill()
                    raise CommandFailed(
                        f"The service is not healthy: {health[1]}\n{service.communicate()[0]}"
                    )
            client = HTTPConnection("127.0.0.1", int(self.port))
            client.request("GET", "/health/ready")
            found["readiness"] = client.getresponse().status
            client.close()
            service.send_signal(signal.SIGTERM)
            found["log"] = check_no_secret(service.communicate(timeout=30)[0])
        finally:
            service.kill()
        return found | {"exit code": service.returncode}

    def run(self, command: Sequence[str | Path], env: dict[str, str]) -> tuple[int, str]:
        process = self.start(command, env)
        try:
            printed = process.communicate(timeout=TIMEOUT)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            printed = process.communicate()[0]
        return process.returncode, printed

    def start(self, command: Sequence[str | Path], env: dict[str, str]) -> "subprocess.Popen[str]":
        """Starts a command as the image's user, with only the image's variables and `env`."""
        account: dict[str, Any] = {"user": self.user, "group": self.user, "extra_groups": []}
        return subprocess.Popen(
            command,
            cwd=self.workdir,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **(account if AS_ROOT else {}),
        )

    def _find_python(self) -> str:
        """Finds a Python that the image's user may run. Root's own is often in a private folder."""
        self.env, self.workdir = {"PATH": self.host["PATH"]}, self.folder
        uv = shutil.copy(os.environ["UV"], self.folder / "uv")
        find = [uv, "python", "find", "--system", "--no-project", "--no-cache", ">=3.11"]
        code, printed = self.run(find, {})
        if code != 0:
            raise CommandFailed(f"There is no Python that user {self.user} may run:\n{printed}")
        return printed.strip().splitlines()[-1]

    def _run_instruction(self, instruction: str, rest: str) -> None:
        match instruction:
            case "FROM":
                self._begin(rest)
            case "ENV":
                for name, _, value in (pair.partition("=") for pair in shlex.split(rest)):
                    self.env[name] = Template(value).substitute(self.env)
            case "WORKDIR":
                self.workdir = Path(rest)
                self.workdir.mkdir(exist_ok=True)
            case "COPY":
                self._copy(*shlex.split(rest))
            case "RUN":
                self._run(rest)
            case "CMD":
                self.command: list[str] = json.loads(rest)
            case "HEALTHCHECK":
                self.healthcheck: list[str] = json.loads(rest.partition("CMD ")[2])
            case "USER" | "EXPOSE":
                int(rest)
            case _:
                raise CommandFailed(f"The instruction {instruction} {rest} is not supported")

    def _begin(self, stage: str) -> None:
        if self.root.exists():
            self.root.rename(self.folder / self.stage)
        self.stage = stage.partition(" AS ")[2]
        self.accounts = {}
        self.workdir = self.root
        binaries, tmp = self.root / "usr/local/bin", self.root / "tmp"
        binaries.mkdir(parents=True)
        (binaries / "python").symlink_to(self.python)
        tmp.mkdir()
        tmp.chmod(0o1777)
        self.owned = [tmp]
        self.env = {"PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(tmp)}

    def _copy(self, *words: str) -> None:
        match words:
            case [".", "."]:
                for name in build_context(self.project):
                    (self.workdir / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(self.project / name, self.workdir / name)
            case [image, _, target] if image.startswith("--from=ghcr.io/astral-sh/uv:"):
                shutil.copy(self.folder / "uv", target)
            case [stage, source, target]:
                built = self.folder / stage.removeprefix("--from=")
                (built / Path(source).relative_to(self.root)).rename(target)
            case _:
                raise CommandFailed(f"The instruction COPY {' '.join(words)} is not supported")

    def _run(self, rest: str) -> None:
        """Runs commands with the cache of this machine, and without creating users on it."""
        bound = re.findall(r"--mount=type=bind,source=(\S+),target=(\S+)", rest)
        for source, target in bound:
            shutil.copy2(self.project / source, self.workdir / target)
        for command in re.sub(r"--mount=\S+", "", rest).split("&&"):
            match command.split():
                case ["useradd", "--uid", uid, name]:
                    self.accounts[name] = int(uid)
                case ["install", "--directory", owner, path]:
                    Path(path).mkdir()
                    owner_id = self.accounts[owner.removeprefix("--owner=")]
                    self.owned += [Path(path)] * (owner_id == self.user)
                    if AS_ROOT:
                        os.chown(path, owner_id, -1)
                case _:
                    env = self.host | self.env | {"UV_PYTHON": self.python}
                    run_command(self.workdir, env, "sh", "-c", command)
        for _, target in bound:
            (self.workdir / target).unlink()


def build_context(project: Path) -> Iterator[Path]:
    """Yields the files that .dockerignore includes: the last rule for the path or a parent counts."""
    lines = (project / ".dockerignore").read_text().splitlines()
    rules = [line.rstrip("/") for line in lines if line and not line.startswith("#")]
    for path in project.rglob("*"):
        name = path.relative_to(project)
        names = [str(name), *map(str, name.parents)][:-1]
        matching = [rule for rule in rules if any(matches(rule.lstrip("!"), it) for it in names)]
        if path.is_file() and (not matching or matching[-1].startswith("!")):
            yield name


def matches(rule: str, name: str) -> bool:
    pattern = re.escape(rule).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(pattern, name) is not None
