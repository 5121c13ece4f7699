"""The combinations of answers: every one of them is rendered, and run on its own database."""

from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

DRIVERS = ["aiosqlite", "asyncpg", "psycopg", "asyncmy", "aiomysql"]
STYLES = ["di", "scoped"]
IDS = ["uuid", "int"]
FAMILIES = {
    "aiosqlite": "sqlite",
    "asyncpg": "postgresql",
    "psycopg": "postgresql",
    "asyncmy": "mysql",
    "aiomysql": "mysql",
}


@dataclass(frozen=True)
class Cell:
    db_driver: str = "aiosqlite"
    session_style: str = "di"
    id_type: str = "uuid"
    auth: bool = False
    example: bool = True

    @property
    def answers(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def family(self) -> str:
        return FAMILIES[self.db_driver]

    def __str__(self) -> str:
        name = f"{self.db_driver}-{self.session_style}-{self.id_type}"
        return name + "-users" * self.auth + "-bare" * (not self.example)


DEFAULT = Cell()
CELLS = [Cell(*answers) for answers in product(DRIVERS, STYLES, IDS, [False, True])]
# Without the example nothing depends on style or ids together: each driver once, all values seen.
CELLS += [
    Cell(driver, STYLES[n % 2], IDS[n // 2 % 2], auth, example=False)
    for n, driver in enumerate(DRIVERS)
    for auth in (False, True)
]
# Those with users that are fuzzed deeply: both kinds of id.
FUZZED = [
    Cell(driver, style, id_type, auth=True)
    for driver, style in [("aiosqlite", "di"), ("asyncpg", "scoped")]
    for id_type in IDS
]
# Those that have to bear faults: every driver, with all values of the other answers.
PROBED = [
    Cell(driver, style, id_type, auth)
    for driver in DRIVERS
    for style, id_type, auth in [("di", "int", False), ("scoped", "uuid", True)]
]
# Those whose image is made and served: with a server, and without one.
IMAGED = [Cell("aiosqlite", "scoped", "uuid", auth=True), Cell("asyncpg", "di", "int", auth=True)]
# Those that are put under load: without a server and without users, and with both.
LOADED = [Cell("aiosqlite", "di", "int"), Cell("asyncpg", "scoped", "uuid", auth=True)]
# Those whose recipes are used as a person does: each kind of database.
USED = [
    DEFAULT,
    Cell("psycopg", "scoped", "int", auth=True),
    Cell("aiomysql", "di", "uuid"),
]
# Those that are updated from earlier releases: every driver, with all values of the other answers.
UPDATED = [
    Cell(driver, style, id_type, auth)
    for driver in DRIVERS
    for style, id_type, auth in [("di", "uuid", False), ("scoped", "int", True)]
] + [Cell("asyncpg", "di", "int", auth, example=False) for auth in (False, True)]
