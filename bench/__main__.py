"""How fast the generated services are: `bin/bench` measures all of it, in some ten minutes.

The ratios are to bare FastAPI and asyncpg in the same run: a machine's speed and mood drop out of them.
It ends with 1 when a budget is exceeded.
"""

import argparse
import sys
import time
from dataclasses import replace

from bench.remedies import REMEDIES
from bench.report import Report
from bench.servers import CREATE, LIVE, ONE, PAGE, ROUTES, Server, compare, stand_aside
from bench.workshop import BASE, Workshop, open_workshop
from tests.support.combinations import Combination

STAGES = [  # of services that are alive together, within the connections of a test server
    [
        Combination("asyncpg", "di", "int"),
        Combination("asyncpg", "di", "uuid"),
        Combination("asyncpg", "scoped", "int"),
        Combination("asyncpg", "scoped", "uuid"),
    ],
    [
        Combination("asyncpg", "di", "int", auth=True),
        Combination("asyncpg", "scoped", "uuid", auth=True),
        Combination("psycopg", "di", "int"),
        Combination("psycopg", "scoped", "uuid"),
    ],
    [
        Combination("asyncmy", "di", "int"),
        Combination("asyncmy", "scoped", "uuid"),
        Combination("aiosqlite", "di", "int"),
        Combination("aiosqlite", "scoped", "uuid"),
        Combination("aiosqlite", "di", "int", auth=True),
    ],
]
PAGES = [1, 100, 1_000, 10_000]  # of 100 items, in a million


def services(workshop: Workshop, floors: list[Server], report: Report) -> None:
    base = next(floor for floor in floors if floor.name == BASE)
    for number, combinations in enumerate(STAGES):
        here = replace(base, shots={}, starts=[])
        stage = [here if floor is base else floor for floor in floors] if number == 0 else [here]
        stage += [workshop.service(combination) for combination in combinations]
        compare(stage, here, ROUTES, rounds=2, lives=2 if number == 0 else 1)
        report.add_stage(stage)


def starts(workshop: Workshop, floors: list[Server], report: Report) -> None:
    base = next(floor for floor in floors if floor.name == BASE)
    pair = [
        replace(base, starts=[]),
        workshop.service(Combination("asyncpg", "di", "int"), 1000),
        workshop.service(Combination("asyncpg", "di", "int", auth=True), 1000),
    ]
    for server in pair:
        server.start()  # which compiles bytecode
        server.stop()
        server.starts.clear()
    for _ in range(4):
        for server in pair:
            server.start()
            server.stop()
    report.add_starts(pair)


def waits(workshop: Workshop, _: list[Server], report: Report) -> None:
    """What a person waits for: a copy of the template, and the tests of what came of it."""
    report.add_copies(workshop.copies(rounds=3))
    combinations = [
        Combination("aiosqlite"),
        Combination("asyncpg"),
        Combination("aiosqlite", auth=True),
    ]
    report.add_suites(
        {str(combination): workshop.suite(combination) for combination in combinations}
    )


def remedies(workshop: Workshop, _: list[Server], report: Report) -> None:
    usual = workshop.service(Combination("asyncpg", "di", "int"))
    for route in (ONE, PAGE, CREATE, LIVE):
        stage = [replace(usual, shots={}, starts=[])]
        for remedy in REMEDIES:
            if remedy.route == route:
                changed = replace(usual, shots={}, starts=[], name=remedy.name)
                if remedy.file:
                    changed = workshop.changed(
                        usual, remedy.name, remedy.file, remedy.old, remedy.new
                    )
                stage.append(replace(changed, options=remedy.options))
        compare(stage, stage[0], [route], rounds=2)
        report.add_remedies(route, stage)


def scale(workshop: Workshop, _: list[Server], report: Report) -> None:
    """A million items: a page costs the same however far in; and two workers against one."""
    big = workshop.service(Combination("asyncpg", "di", "int"), 1_000_000)
    pages = {page: f"GET /items?limit=100&after={page * 100 - 99}" for page in PAGES}
    compare([big], big, list(pages.values()), rounds=2)
    report.add_pages(big, pages)
    workers = [
        replace(
            big,
            name=f"{n} worker" + "s" * (n > 1),
            shots={},
            starts=[],
            pinned=False,
            options=("--no-access-log", f"--workers={n}"),
        )
        for n in (1, 2)
    ]
    compare(workers, workers[0], [LIVE, ONE], rounds=2)
    report.add_workers(workers)


def main() -> None:
    parts = {
        "services": services,
        "starts": starts,
        "waits": waits,
        "remedies": remedies,
        "scale": scale,
    }
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="all of them by default")
    chosen = parser.parse_args().parts or list(parts)
    stand_aside()
    started = time.monotonic()
    report = Report()
    with open_workshop() as workshop:
        floors = workshop.floors() if {"services", "starts"} & set(chosen) else []
        for name in chosen:
            parts[name](workshop, floors, report)
    print(f"\nmeasured in {time.monotonic() - started:.0f} s")
    sys.exit(0 if report.close() else 1)


main()
