"""The combinations of answers. Each of them is rendered, installed and checked."""

from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

DRIVERS = ["aiosqlite", "asyncpg", "psycopg", "asyncmy", "aiomysql"]
SESSION_STYLES = ["di", "scoped"]
ID_TYPES = ["uuid", "int"]
JOBS = ["none", "taskiq", "celery", "apscheduler"]
DATABASES = {
    "aiosqlite": "sqlite",
    "asyncpg": "postgresql",
    "psycopg": "postgresql",
    "asyncmy": "mysql",
    "aiomysql": "mysql",
}
"""The kind of database of each driver."""


@dataclass(frozen=True)
class Combination:
    """Answers to all questions. The defaults are those of the template, but for the project's name."""

    db_driver: str = "aiosqlite"
    session_style: str = "di"
    id_type: str = "uuid"
    auth: bool = False
    example: bool = True
    jobs: str = "none"
    project_name: str = "My service"  # its default is made from the destination folder

    @property
    def answers(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def database(self) -> str:
        return DATABASES[self.db_driver]

    @property
    def has_server(self) -> bool:
        return self.database != "sqlite"

    def __str__(self) -> str:
        name = f"{self.db_driver}-{self.session_style}-{self.id_type}"
        jobs = "" if self.jobs == "none" else f"-{self.jobs}"
        return name + "-users" * self.auth + "-bare" * (not self.example) + jobs


DEFAULT = Combination()

# Each engine for jobs with each driver. The other answers vary. Fault injection, fuzzing, load tests
# and recipes need a service without jobs, so do not choose a combination that is in their lists.
WITH_JOBS = [
    Combination("aiosqlite", "scoped", "uuid", jobs="taskiq"),
    Combination("asyncpg", "di", "int", auth=True, jobs="taskiq"),
    Combination("psycopg", "di", "uuid", jobs="taskiq"),
    Combination("asyncmy", "di", "int", auth=True, jobs="taskiq"),
    Combination("aiomysql", "scoped", "int", auth=True, jobs="taskiq"),
    Combination("aiosqlite", "di", "int", auth=True, jobs="celery"),
    Combination("asyncpg", "scoped", "uuid", jobs="celery"),
    Combination("psycopg", "di", "uuid", auth=True, jobs="celery"),
    Combination("asyncmy", "scoped", "int", jobs="celery"),
    Combination("aiomysql", "scoped", "uuid", jobs="celery"),
    Combination("aiosqlite", "scoped", "int", auth=True, jobs="apscheduler"),
    Combination("asyncpg", "scoped", "int", jobs="apscheduler"),
    Combination("psycopg", "scoped", "int", jobs="apscheduler"),
    Combination("asyncmy", "di", "uuid", jobs="apscheduler"),
    Combination("aiomysql", "di", "int", auth=True, jobs="apscheduler"),
]

# Each driver, and each session style and id type with and without users.
WITHOUT_EXAMPLE = [
    Combination(driver, SESSION_STYLES[n % 2], ID_TYPES[n // 2 % 2], n in (0, 3, 4), example=False)
    for n, driver in enumerate(DRIVERS)
]

# Each combination of driver, session style, id type and users, with jobs or without them.
COMBINATIONS = [
    Combination(*answers) for answers in product(DRIVERS, SESSION_STYLES, ID_TYPES, [False, True])
]
COMBINATIONS = [it for it in COMBINATIONS if it not in {replace(j, jobs="none") for j in WITH_JOBS}]
COMBINATIONS += WITHOUT_EXAMPLE + WITH_JOBS

# Fault injection, malicious input and schema changes: each driver, with each value of the others.
FAULT_INJECTED = [
    Combination(driver, style, id_type, auth)
    for driver in DRIVERS
    for style, id_type, auth in [("di", "int", False), ("scoped", "uuid", True)]
]

# Fuzzing uses pairwise testing: these combinations cover each pair of answers to two questions. The
# two combinations of a driver have different answers to all other questions.
FUZZED = [
    Combination("aiosqlite", "di", "uuid", auth=True),
    Combination("aiosqlite", "scoped", "int"),
    Combination("asyncpg", "scoped", "int", auth=True),
    Combination("asyncpg", "di", "uuid"),
    Combination("psycopg", "di", "int", auth=True),
    Combination("psycopg", "scoped", "uuid"),
    Combination("asyncmy", "scoped", "uuid", auth=True),
    Combination("asyncmy", "di", "int"),
    Combination("aiomysql", "di", "uuid", auth=True),
    Combination("aiomysql", "scoped", "int"),
]

# These combinations are also fuzzed with random input and sequences of requests, which takes longer.
# They have users with each id type, without and with a database server.
DEEPLY_FUZZED = [FUZZED[0], FUZZED[2]]

# The image is built from the Dockerfile and started: without and with a database server.
IMAGE_BUILT = [
    Combination("aiosqlite", "scoped", "uuid", auth=True),
    Combination("asyncpg", "di", "uuid", auth=True),
]

# Load tests: without a database server and users, and with both.
LOAD_TESTED = [
    Combination("aiosqlite", "di", "int"),
    Combination("asyncpg", "scoped", "uuid", auth=True),
]

# Every recipe of the justfile is used: one combination for each kind of database.
RECIPES_USED = [
    DEFAULT,
    Combination("psycopg", "scoped", "int", auth=True),
    Combination("aiomysql", "di", "uuid"),
]

# Updates from earlier releases: each driver, with each value of the other answers.
UPDATED = [
    Combination(driver, style, id_type, auth)
    for driver in DRIVERS
    for style, id_type, auth in [("di", "uuid", False), ("scoped", "int", True)]
] + [Combination("asyncpg", "di", "int", auth, example=False) for auth in (False, True)]
UPDATED += WITH_JOBS[:1]
