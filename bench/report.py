"""What was measured, as tables, a plot, and a verdict on each budget."""

import os
import platform
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import CLIENTS, CREATE, LIVE, ONE, PAGE, ROUTES, Server, cost
from bench.workshop import BASE, CLONE, COPY, FLOORS, IMPORT, PLAIN
from tests.support.combinations import SESSION_STYLES

HERE = Path(__file__).parent
USUAL = "SQLModel, the usual way"


def of_style(servers: list[Server], style: str) -> list[Server]:
    return [s for s in servers if s.name in {f"asyncpg-{style}-int", f"asyncpg-{style}-uuid"}]


@dataclass
class Budget:
    """At most so much; `stretch` is what would be better still."""

    name: str
    limit: float
    stretch: float
    unit: str = "×"
    found: dict[str, float] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return max(self.found.values()) <= self.limit

    def row(self) -> str:
        worst = max(self.found, key=lambda name: self.found[name])
        verdict = "ok" if self.holds else "EXCEEDED"
        if self.found[worst] <= self.stretch:
            verdict = "ok, stretch"
        numbers = f"{self.found[worst]:.2f} | {self.limit:g} | {self.stretch:g} | {self.unit}"
        return f"| {self.name} | {numbers} | {verdict} | {worst} |"


class Report:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.bars: dict[str, dict[str, float]] = {route: {} for route in ROUTES}
        self.budgets = {
            ONE: Budget(f"CPU, {ONE}", 4.2, 3.2),
            PAGE: Budget(f"CPU, {PAGE}", 3.5, 2.5),
            CREATE: Budget(f"CPU, {CREATE}", 6.0, 4.5),
            LIVE: Budget(f"CPU, {LIVE}, with id and line of log", 1.5, 1.3),
            "p99": Budget(f"p99, {ONE}, to the usual way", 0.5, 0.2),
            "start": Budget("start to the first 200", 2.0, 1.6),
            "copy": Budget("`copier copy`, to one of plain files", 1.5, 1.3),
            "memory": Budget("memory of a loaded worker, users or not", 100, 85, "MB"),
        }
        cores, python = os.cpu_count(), platform.python_version()
        self.say(
            f"{cores} cores, Python {python}, {CLIENTS} clients on kept connections; services on one "
            "core, wrk and the databases on the others; short shots are taken in turn. CPU is that of "
            "the service's process in the better half of them, since noise only adds; the rest are medians."
        )

    def say(self, *lines: str) -> None:
        print(*lines, sep="\n", flush=True)
        self.lines += lines

    def add_stage(self, servers: list[Server]) -> None:
        base = next(server for server in servers if server.name == BASE)
        title = "Services, and what they stand on" if USUAL in {s.name for s in servers} else ""
        heads = [f"{route}: µs | × | req/s | p50 | p99" for route in ROUTES]
        self.say("", *([f"## {title}", ""] if title else []))
        self.say(f"| | {' | '.join(heads)} | MB |", "|---" + "|--:" * (5 * len(ROUTES) + 1) + "|")
        for server in servers:
            columns = []
            for route in ROUTES:
                cpu = server.cost(route)
                ratio = cpu / base.cost(route)
                rate, p50, p99 = (server.median(route, name) for name in ("rate", "p50", "p99"))
                columns.append(f"{cpu:.0f} | {ratio:.2f} | {rate:.0f} | {p50:.0f} | {p99:.0f}")
                self.bars[route].setdefault(server.name, ratio)
            if server.name.startswith("asyncpg"):
                self.budgets["memory"].found[server.name] = server.megabytes
            self.say(f"| {server.name} | {' | '.join(columns)} | {server.megabytes:.0f} |")
        if title:
            usual = next(server for server in servers if server.name == USUAL)
            for style in SESSION_STYLES:
                self.judge(f"asyncpg, {style}", base, usual, of_style(servers, style))

    def judge(self, name: str, base: Server, usual: Server, services: list[Server]) -> None:
        """Hold a style to the budgets: both kinds of id together, which is twice as many shots."""
        for route in ROUTES:
            shots = [shot for service in services for shot in service.shots[route]]
            self.budgets[route].found[name] = cost(shots) / base.cost(route)
        p99 = statistics.median(shot.p99 for service in services for shot in service.shots[ONE])
        self.budgets["p99"].found[name] = p99 / usual.median(ONE, "p99")

    def add_starts(self, servers: list[Server]) -> None:
        self.say("", "## Start", "", "| | ms to the first 200 | × |", "|---|--:|--:|")
        base = statistics.median(servers[0].starts)
        for server in servers:
            took = statistics.median(server.starts)
            self.say(f"| {server.name} | {took * 1000:.0f} | {took / base:.2f} |")
            if server.name != BASE and "users" not in server.name:
                self.budgets["start"].found[server.name] = took / base

    def add_copies(self, took: dict[str, float]) -> None:
        self.say("", "## A copy of the template", "", "| | ms |", "|---|--:|")
        self.say(*(f"| {name} | {seconds * 1000:.0f} |" for name, seconds in took.items()))
        floor = took[IMPORT] + took[CLONE]
        self.say("", f"A copy takes {took[COPY] / floor:.2f} times an import and a clone.")
        self.budgets["copy"].found[PLAIN] = took[COPY] / took[PLAIN]

    def add_suites(self, suites: dict[str, tuple[int, float, float]]) -> None:
        self.say("", "## The tests of a service", "")
        self.say("| | tests | s | ms a test | import of the app, ms |", "|---|--:|--:|--:|--:|")
        for name, (tests, seconds, imported) in suites.items():
            each = seconds / tests * 1000
            self.say(f"| {name} | {tests} | {seconds:.1f} | {each:.0f} | {imported * 1000:.0f} |")

    def add_remedies(self, route: str, servers: list[Server]) -> None:
        usual = servers[0]
        self.say("", f"## {route}, with what is usual in place of a remedy", "")
        self.say("| | µs | × | p50 | p99 |", "|---|--:|--:|--:|--:|")
        for server in servers:
            cpu, (p50, p99) = server.cost(route), (server.median(route, n) for n in ("p50", "p99"))
            ratio = cpu / usual.cost(route)
            name = "as generated" if server is usual else server.name
            self.say(f"| {name} | {cpu:.0f} | {ratio:.2f} | {p50:.0f} | {p99:.0f} |")

    def add_pages(self, server: Server, pages: dict[int, str]) -> None:
        self.say("", "## A page of 100 in a million items", "")
        self.say("| page | µs | p50 | p99 |", "|--:|--:|--:|--:|")
        for page, route in pages.items():
            cpu, (p50, p99) = server.cost(route), (server.median(route, n) for n in ("p50", "p99"))
            self.say(f"| {page} | {cpu:.0f} | {p50:.0f} | {p99:.0f} |")

    def add_workers(self, servers: list[Server]) -> None:
        self.say("", "## Workers, on all cores, which the load and the database share", "")
        self.say(f"| | {LIVE}: req/s | {ONE}: req/s | MB |", "|---|--:|--:|--:|")
        for server in servers:
            rates = " | ".join(f"{server.median(route, 'rate'):.0f}" for route in (LIVE, ONE))
            self.say(f"| {server.name} | {rates} | {server.megabytes:.0f} |")

    def close(self) -> bool:
        """Write it down; whether every budget that was measured holds."""
        measured = [budget for budget in self.budgets.values() if budget.found]
        if measured:
            self.say(
                "",
                "## Budgets",
                "",
                "Of services with asyncpg; ratios are to FastAPI and asyncpg, in the same run.",
                "",
            )
            self.say(
                "| | found | at most | stretch | | | the worst |", "|---|--:|--:|--:|---|---|---|"
            )
            self.say(*(budget.row() for budget in measured))
        text = "\n".join(["# How fast it is", "", *self.lines])
        (HERE / "report.md").write_text(text + "\n")
        if self.bars[ONE]:
            self.plot()
        return all(budget.holds for budget in measured)

    def plot(self) -> None:
        from matplotlib import pyplot

        names = list(self.bars[ONE])[::-1]
        figure, panels = pyplot.subplots(1, len(ROUTES), figsize=(13, 5), sharey=True)
        for route, panel in zip(ROUTES, panels, strict=True):
            values = [self.bars[route][name] for name in names]
            colours = ["#9aa5b1" if name in FLOORS else "#009485" for name in names]
            bars = panel.barh(names, values, color=colours)
            panel.bar_label(bars, fmt="%.1f", padding=2, fontsize=8)
            panel.axvline(self.budgets[route].limit, color="#c0392b", linewidth=1, linestyle="--")
            panel.set_title(route, fontsize=10)
            panel.margins(x=0.15)
            panel.spines[["top", "right"]].set_visible(False)
            panel.tick_params(labelsize=8)
        figure.suptitle(
            "CPU of a request, in requests of bare FastAPI and asyncpg (dashed: the budget of asyncpg)",
            fontsize=11,
        )
        figure.tight_layout()
        figure.savefig(HERE / "report.png", dpi=110)
