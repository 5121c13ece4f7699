"""Measures how fast generated services are, compared with bare FastAPI and asyncpg.

The whole run takes about fifteen minutes. It writes bench/report.md and bench/report.png. The exit code
is 1 if an enforced budget is exceeded.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from bench.optimizations import ALL_TRACES, CHANGES, JOB, NO_KEYS, TELEMETRY
from bench.projects import (
    ASGI,
    FASTAPI,
    FASTAPI_USERS,
    SQLMODEL,
    USERS_USUAL,
    Combination,
    Projects,
    View,
    open_projects,
)
from bench.report import Report
from bench.servers import (
    CREATE,
    CREATE_WITH_KEY,
    LIVE,
    READ,
    ROUTES,
    Server,
    compare,
    reserve_service_core,
)

# The services of a group run at the same time, so a group has to get by with the connections of one
# database server.
GROUPS = {
    "PostgreSQL with asyncpg, and the baselines": [
        Combination("asyncpg", "di", "int"),
        Combination("asyncpg", "di", "uuid"),
        Combination("asyncpg", "scoped", "int"),
        Combination("asyncpg", "scoped", "uuid"),
    ],
    "PostgreSQL with users, and with psycopg": [
        Combination("asyncpg", "di", "int", auth=True),
        Combination("asyncpg", "scoped", "uuid", auth=True),
        Combination("psycopg", "di", "int"),
        Combination("psycopg", "scoped", "uuid"),
    ],
    "MariaDB and SQLite": [
        Combination("asyncmy", "di", "int"),
        Combination("asyncmy", "scoped", "uuid"),
        Combination("aiosqlite", "di", "int"),
        Combination("aiosqlite", "scoped", "uuid"),
        Combination("aiosqlite", "di", "int", auth=True),
    ],
}
# FastAPI + asyncpg runs in each group, because all ratios refer to it.
GROUP_BASELINES = [
    [ASGI, FASTAPI, SQLMODEL],
    [FASTAPI, FASTAPI_USERS, USERS_USUAL],
    [FASTAPI],
]
PAGES = [1, 100, 1_000, 10_000]  # of 100 items each
DRIVERS_WITH_OWNERS = ["asyncpg", "asyncmy", "aiosqlite"]


@dataclass
class Benchmark:
    projects: Projects
    report: Report
    quick: bool

    @property
    def rounds(self) -> int:
        return 1 if self.quick else 2

    def services(self) -> None:
        """CPU, throughput, latency and memory of services, beside the baselines."""
        for number, (title, combinations) in enumerate(GROUPS.items()):
            names = GROUP_BASELINES[number]
            baselines = {name: self.projects.baselines[name].copy() for name in names}
            services = {each: self.projects.make_service(each) for each in combinations}
            with_cookies = [
                server.with_cookie()
                for server in (baselines.get(USERS_USUAL), *services.values())
                if server is not None and server.cookie
            ]
            compare(
                [*baselines.values(), *services.values(), *with_cookies],
                baselines[FASTAPI],
                ROUTES,
                rounds=self.rounds,
                starts=2 if number == 0 and not self.quick else 1,
            )
            self.report.add_services(title, baselines, services, with_cookies)

    def starts(self) -> None:
        """The time from the start of a process to its first response."""
        fastapi = self.projects.baselines[FASTAPI].copy()
        services = {
            combination: self.projects.make_service(combination, rows=1000)
            for combination in (
                Combination("asyncpg", "di", "int"),
                Combination("asyncpg", "di", "int", auth=True),
            )
        }
        servers = [fastapi, *services.values()]
        for number in range(2 * self.rounds + 1):
            for server in servers:
                server.start()
                server.stop()
                if number == 0:  # which has compiled bytecode
                    server.start_times.clear()
        self.report.add_starts(fastapi, services)

    def waits(self) -> None:
        """What a developer waits for: a copy of the template, and the tests of a project."""
        self.report.add_copies(self.projects.time_copies(rounds=1 if self.quick else 3))
        combinations = [
            Combination("aiosqlite"),
            Combination("asyncpg"),
            Combination("aiosqlite", auth=True),
        ]
        self.report.add_tests({each: self.projects.time_tests(each) for each in combinations})

    def optimizations(self) -> None:
        """A service with each of the changes in `bench/optimizations/`."""
        service = self.projects.make_service(Combination("asyncpg", "di", "int"))
        # All patches first, so that one that does not apply is reported at once.
        changed = [(change, self.projects.make_changed(service, change)) for change in CHANGES]
        for route in ROUTES:
            unchanged = service.copy()
            servers = [server for change, server in changed if change.route == route]
            compare([unchanged, *servers], unchanged, [route], rounds=self.rounds)
            self.report.add_changes(route, unchanged, servers)

    def features(self) -> None:
        """What telemetry and idempotency keys cost."""
        service = self.projects.make_service(Combination("asyncpg", "di", "int"))
        off = service.copy()
        on = [self.projects.make_changed(service, change) for change in (TELEMETRY, ALL_TRACES)]
        compare([off, *on], off, [READ], rounds=3 * self.rounds)
        self.report.add_telemetry(off, on)
        without = self.projects.make_changed(service, NO_KEYS)
        compare([service, without], without, [CREATE, CREATE_WITH_KEY], rounds=3 * self.rounds)
        self.report.add_keys(service, without)

    def scale(self) -> None:
        """Pages in a million rows, also of one owner, purged sessions, and two workers."""
        service = self.projects.make_service(Combination("asyncpg", "di", "int"), rows=1_000_000)
        pages = {page: f"GET /items?limit=100&after={page * 100 - 99}" for page in PAGES}
        compare([service], service, list(pages.values()), rounds=self.rounds)
        self.report.add_pages(service, pages)
        workers = [
            service.copy(
                name=f"{count} worker" + "s" * (count > 1),
                pinned=False,
                options=(*service.options, f"--workers={count}"),
            )
            for count in (1, 2)
        ]
        compare(workers, workers[0], [LIVE, READ], rounds=self.rounds)
        self.report.add_workers(workers)
        for driver in DRIVERS_WITH_OWNERS:
            combination = Combination(driver, "di", "int", auth=True)
            service, views = self.projects.make_service_with_owners(combination)
            self.report.add_owners(combination, measure_pages(service, views))
            self.report.add_purges(combination, self.projects.time_purges(service))

    def jobs(self) -> None:
        """A request that adds a job, beside one that does not, and the jobs that a worker does."""
        service = self.projects.make_service(Combination("asyncpg", "di", "int", jobs="taskiq"))
        service.env["BROKER_URL"] = "redis://"  # the service leaves the jobs to workers
        with_job = self.projects.make_changed(service, JOB)
        compare([service, with_job], service, [CREATE], rounds=2 * self.rounds, starts=2)
        self.report.add_post_with_job(service, with_job)
        count = 200 if self.quick else 2000
        self.report.add_job_rates(
            {
                engine: self.projects.measure_jobs(
                    Combination("asyncpg", "di", "int", jobs=engine), count
                )
                for engine in ("apscheduler", "taskiq", "celery")
            }
        )


def measure_pages(service: Server, views: list[View]) -> dict[str, dict[str, float]]:
    """The milliseconds of each page: the best of five medians, as other load only adds to it."""
    service.start()
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for _ in range(5):
        for view in views:
            for name, path in view.pages.items():
                median = service.measure_latency(path, view.header, requests=20)
                found[view.kind][name] = min(median, found[view.kind].get(name, median))
    service.stop()
    return found


PARTS: dict[str, Callable[[Benchmark], None]] = {
    "services": Benchmark.services,
    "starts": Benchmark.starts,
    "waits": Benchmark.waits,
    "optimizations": Benchmark.optimizations,
    "features": Benchmark.features,
    "scale": Benchmark.scale,
    "jobs": Benchmark.jobs,
}


def main() -> None:
    descriptions = "\n".join(f"  {name:15}{part.__doc__}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description=__doc__,
        epilog=f"parts:\n{descriptions}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="default: all parts")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="as few runs as possible, to see that the benchmark works; budgets are not enforced",
    )
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.parts if name not in PARTS]:
        parser.error(f"unknown part {unknown[0]!r}; the parts are {', '.join(PARTS)}")
    reserve_service_core()
    started = time.monotonic()
    report = Report()
    with open_projects() as projects:
        benchmark = Benchmark(projects, report, arguments.quick)
        for name in arguments.parts or PARTS:
            PARTS[name](benchmark)
    report.add_budgets()
    report.write()
    print(f"\nThe run took {time.monotonic() - started:.0f} s.")
    exceeded = any(budget.enforced and budget.exceeded for budget in report.budgets.measured())
    sys.exit(1 if exceeded and not arguments.quick else 0)


main()
