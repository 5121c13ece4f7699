"""Prints what was measured as tables, and writes them with a plot into `bench/report.*`."""

import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.budgets import Budgets
from bench.projects import (
    BASELINES,
    CLONE,
    COPY,
    COPY_PLAIN,
    FASTAPI,
    IMPORT,
    SQLMODEL,
    Combination,
    TestTimes,
)
from bench.servers import (
    CONNECTIONS,
    CREATE,
    CREATE_WITH_KEY,
    LIVE,
    READ,
    ROUTES,
    Server,
    cpu_per_request,
)

HERE = Path(__file__).parent
INTRODUCTION = """\
{cores} cores, Python {python}, {connections} kept-alive connections. Services run on one core, wrk
and the databases on the others. Each service is measured in short runs that alternate with those of
the others. CPU is the time of the server's process per request, as the mean of the better half of
the runs, because other load on the machine only adds to it. All other numbers are medians."""


class Report:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ratios: dict[str, dict[str, float]] = {route: {} for route in ROUTES}
        self.budgets = Budgets()
        self.add(
            "# Benchmark report",
            "",
            INTRODUCTION.format(
                cores=os.cpu_count(), python=platform.python_version(), connections=CONNECTIONS
            ),
        )

    def add(self, *lines: str) -> None:
        print(*lines, sep="\n", flush=True)
        self.lines += lines

    def add_table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        self.add("", f"| {' | '.join(head)} |", "|---" + "|--:" * (len(head) - 1) + "|")
        self.add(*(f"| {' | '.join(row)} |" for row in rows))

    def add_services(
        self,
        title: str,
        baselines: Mapping[str, Server],
        services: Mapping[Combination, Server],
        with_cookies: Sequence[Server],
    ) -> None:
        servers = [*baselines.values(), *services.values(), *with_cookies]
        fastapi = baselines[FASTAPI]
        self.add("", f"## {title}")
        for route in ROUTES:
            self.add("", f"### {route}")
            rows = []
            for server in servers:
                ratio = server.cpu(route) / fastapi.cpu(route)
                self.ratios[route].setdefault(server.name, ratio)
                rate = f"{server.median(route, 'rate'):.0f}"
                rows.append([server.name, *cpu_and_ratio(server, fastapi, route), rate])
                rows[-1] += latencies(server, route)
            self.add_table(["", "CPU µs", "×", "requests/s", "p50 ms", "p99 ms"], rows)
        self.add("", "### Memory after the load")
        self.add_table(["", "MB"], ([server.name, f"{server.megabytes:.0f}"] for server in servers))
        self._compare_with_budgets(baselines, services)

    def _compare_with_budgets(
        self, baselines: Mapping[str, Server], services: Mapping[Combination, Server]
    ) -> None:
        fastapi, sqlmodel = baselines[FASTAPI], baselines.get(SQLMODEL)
        # Both id types of a session style together, which doubles the number of runs.
        groups: defaultdict[str, list[Server]] = defaultdict(list)
        for combination, server in services.items():
            if combination.db_driver == "asyncpg":
                self.budgets.memory.measured[server.name] = server.megabytes
                name = f"asyncpg-{combination.session_style}" + "-users" * combination.auth
                groups[name].append(server)
        for name, servers in groups.items():
            users = name.endswith("-users")
            budgets = self.budgets.cpu_with_users if users else self.budgets.cpu
            for route, budget in budgets.items():
                cpu = cpu_per_request([run for server in servers for run in server.runs[route]])
                budget.measured[name] = cpu / fastapi.cpu(route)
            if sqlmodel and not users:
                p99 = statistics.median(run.p99 for server in servers for run in server.runs[READ])
                self.budgets.p99.measured[name] = p99 / sqlmodel.median(READ, "p99")

    def add_starts(self, fastapi: Server, services: Mapping[Combination, Server]) -> None:
        self.add("", "## Start to the first response")
        base = statistics.median(fastapi.start_times)
        rows = [[fastapi.name, f"{base * 1000:.0f}", "1.00"]]
        for combination, server in services.items():
            seconds = statistics.median(server.start_times)
            rows.append([server.name, f"{seconds * 1000:.0f}", f"{seconds / base:.2f}"])
            if not combination.auth:
                self.budgets.start.measured[server.name] = seconds / base
        self.add_table(["", "ms", "×"], rows)

    def add_copies(self, seconds: Mapping[str, float]) -> None:
        self.add("", "## A copy of the template")
        self.add_table(["", "ms"], ([name, f"{each * 1000:.0f}"] for name, each in seconds.items()))
        minimum = seconds[IMPORT] + seconds[CLONE]
        self.add("", f"A copy takes {seconds[COPY] / minimum:.2f} times an import and a clone.")
        self.budgets.copy.measured[COPY] = seconds[COPY] / seconds[COPY_PLAIN]

    def add_tests(self, times: Mapping[Combination, TestTimes]) -> None:
        self.add("", "## The tests of a service")
        rows = (
            [
                str(combination),
                f"{each.tests}",
                f"{each.seconds:.1f}",
                f"{each.seconds / each.tests * 1000:.0f}",
                f"{each.import_seconds * 1000:.0f}",
            ]
            for combination, each in times.items()
        )
        self.add_table(["", "tests", "s", "ms per test", "import of the app, ms"], rows)

    def add_changes(self, route: str, service: Server, changed: Sequence[Server]) -> None:
        self.add("", f"## {route}, with one change each")
        rows = [
            [
                "as generated" if server is service else server.name,
                *cpu_and_ratio(server, service, route),
                *latencies(server, route),
            ]
            for server in [service, *changed]
        ]
        self.add_table(["", "CPU µs", "×", "p50 ms", "p99 ms"], rows)

    def add_telemetry(self, off: Server, on: Sequence[Server]) -> None:
        self.add_changes(READ, off, on)
        self.budgets.telemetry.measured[on[0].name] = on[0].cpu(READ) / off.cpu(READ)

    def add_keys(self, service: Server, without: Server) -> None:
        self.add("", "## Idempotency keys")
        measured = {
            without.name: (without, CREATE),
            "as generated, and no key is sent": (service, CREATE),
            "as generated, and each request has a new key": (service, CREATE_WITH_KEY),
        }
        base = without.cpu(CREATE)
        rows = (
            [name, f"{server.cpu(route):.0f}", f"{server.cpu(route) / base:.2f}"]
            for name, (server, route) in measured.items()
        )
        self.add_table([CREATE, "CPU µs", "×"], rows)

    def add_post_with_job(self, service: Server, with_job: Server) -> None:
        self.add_changes(CREATE, service, [with_job])
        ratio = with_job.cpu(CREATE) / service.cpu(CREATE)
        self.budgets.job.measured[service.name] = ratio

    def add_job_rates(self, rates: Mapping[str, float]) -> None:
        self.add("", "## Jobs of one worker, on all cores, which the database shares")
        self.add_table(["", "jobs/s"], ([name, f"{each:.0f}"] for name, each in rates.items()))

    def add_pages(self, service: Server, pages: Mapping[int, str]) -> None:
        self.add("", "## A page of 100 in a million items")
        rows = (
            [f"page {number}", f"{service.cpu(route):.0f}", *latencies(service, route)]
            for number, route in pages.items()
        )
        self.add_table(["", "CPU µs", "p50 ms", "p99 ms"], rows)

    def add_owners(
        self, combination: Combination, latencies: Mapping[str, Mapping[str, float]]
    ) -> None:
        """The first kind is a page of all items. It is what the others are compared with."""
        self.add("", f"## A page of 100 in a million items and users, {combination}")
        base = next(iter(latencies.values()))
        ratios = {
            kind: {name: each / base[name] for name, each in pages.items()}
            for kind, pages in latencies.items()
        }
        rows = (
            [kind, *(f"{each:.1f} ms, {ratios[kind][name]:.2f}" for name, each in pages.items())]
            for kind, pages in latencies.items()
        )
        self.add_table(["", *(f"{name} page" for name in base)], rows)
        worst = max(ratio for pages in ratios.values() for ratio in pages.values())
        self.budgets.owners.measured[str(combination)] = worst

    def add_purges(
        self, combination: Combination, milliseconds: Mapping[str, Sequence[float]]
    ) -> None:
        """The batches when few sessions are expired are what the others are compared with."""
        few, many = milliseconds["few"], milliseconds["many"]
        batches = {
            "20,000 are expired": few[:20],
            "200,000 are expired, the first batches": many[:20],
            "the middle ones": many[90:110],
            "the last ones": many[180:200],
        }
        fastest = {name: min(each) for name, each in batches.items()}
        base = next(iter(fastest.values()))
        self.add("", f"## A batch of 1,000 expired sessions of a million, {combination}")
        rows = ([name, f"{each:.0f}", f"{each / base:.2f}"] for name, each in fastest.items())
        self.add_table(["the fastest of twenty batches", "ms", "×"], rows)
        self.budgets.purges.measured[str(combination)] = max(fastest.values()) / base

    def add_workers(self, servers: Sequence[Server]) -> None:
        self.add("", "## Workers, on all cores, which the load and the database share")
        rows = (
            [
                server.name,
                *(f"{server.median(route, 'rate'):.0f}" for route in (LIVE, READ)),
                f"{server.megabytes:.0f}",
            ]
            for server in servers
        )
        self.add_table(["", f"{LIVE}, requests/s", f"{READ}, requests/s", "MB"], rows)

    def add_budgets(self) -> None:
        if not (budgets := self.budgets.measured()):
            return
        self.add(
            "",
            "## Budgets",
            "",
            "For services with asyncpg, but for owners and sessions. Ratios of CPU and start are to FastAPI + asyncpg in the same "
            "run. Budgets with a bearer token or a job are reported, but not enforced yet.",
        )
        rows = (
            [
                budget.name,
                f"{budget.measured[budget.worst]:.2f}",
                f"{budget.limit:g}",
                "" if budget.stretch is None else f"{budget.stretch:g}",
                budget.unit,
                budget.verdict,
                budget.worst,
            ]
            for budget in budgets
        )
        self.add_table(["", "measured", "budget", "stretch", "unit", "result", "highest"], rows)

    def write(self) -> None:
        (HERE / "report.md").write_text("\n".join(self.lines) + "\n")
        if self.ratios[READ]:
            self._plot()

    def _plot(self) -> None:
        from matplotlib import pyplot

        names = list(self.ratios[READ])[::-1]
        grey, green = "#9aa5b1", "#009485"
        colors = [grey if name.removesuffix(", cookie") in BASELINES else green for name in names]
        figure, panels = pyplot.subplots(1, len(ROUTES), figsize=(13, 5), sharey=True)
        for route, panel in zip(ROUTES, panels, strict=True):
            bars = panel.barh(names, [self.ratios[route][name] for name in names], color=colors)
            panel.bar_label(bars, fmt="%.1f", padding=2, fontsize=8)
            limit = self.budgets.cpu[route].limit
            panel.axvline(limit, color="#c0392b", linewidth=1, linestyle="--")
            panel.set_title(route, fontsize=10)
            panel.margins(x=0.15)
            panel.spines[["top", "right"]].set_visible(False)
            panel.tick_params(labelsize=8)
        figure.suptitle(
            "CPU per request, relative to FastAPI + asyncpg "
            "(dashed: the budget for asyncpg without users)",
            fontsize=11,
        )
        figure.tight_layout()
        figure.savefig(HERE / "report.png", dpi=110)


def cpu_and_ratio(server: Server, reference: Server, route: str) -> list[str]:
    cpu = server.cpu(route)
    return [f"{cpu:.0f}", f"{cpu / reference.cpu(route):.2f}"]


def latencies(server: Server, route: str) -> list[str]:
    return [f"{server.median(route, name):.0f}" for name in ("p50", "p99")]
