"""The results of combinations and scenarios, and the tables of the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.combinations import Combination
from tests.support.commands import seconds_by_command
from tests.updates.scenarios import Scenario

Findings = dict[str, list[str]]
"""What is wrong, by the name of a fault or of a kind of input. An empty list means: it passed."""


@dataclass
class Load:
    """Times in milliseconds, and memory in MB, before and after the load."""

    requests: int
    seconds: float
    p50: float
    p99: float
    memory_before: float
    memory_after: float
    errors: dict[str, int]


@dataclass
class Run:
    """The results of one combination, or of one scenario."""

    subject: Combination | Scenario
    seconds: float = 0
    seconds_by_check: dict[str, float] = field(default_factory=dict, repr=False)
    tests: int = 0
    findings: dict[str, Findings] = field(default_factory=dict, repr=False)
    column_types: dict[str, str] = field(default_factory=dict, repr=False)
    database_round_trips: dict[str, int] = field(default_factory=dict)
    database_urls: dict[str, str] = field(default_factory=dict, repr=False)
    image: dict[str, Any] = field(default_factory=dict, repr=False)
    load: Load | None = None
    latency_beside_logins: int | None = None
    memory_of_sign_ins: int | None = None
    failed_check: str = ""
    failure: str = ""
    missing_tool: str = ""

    @property
    def verdict(self) -> str:
        if self.missing_tool:
            return f"NOT RUN: {self.missing_tool}"
        if self.failure:
            return f"FAILED: {self.failed_check}" if self.failed_check else "FAILED"
        return "passed"


def make_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a Markdown table, or nothing if there are no rows. Numbers are rounded."""
    lines = [
        "| " + " | ".join(f"{v:.0f}" if isinstance(v, float) else str(v) for v in row) + " |"
        for row in rows
    ]
    head = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return "\n".join(head + lines) if lines else ""


def make_report(runs: list[Run]) -> str:
    runs = sorted(runs, key=lambda run: str(run.subject))
    tables = [
        results_table(runs),
        checks_table(runs),
        commands_table(),
        findings_table(runs),
        database_urls_table(runs),
        column_types_table(runs),
        load_table(runs),
    ]
    return "\n\n".join(filter(None, tables))


def results_table(runs: list[Run]) -> str:
    """The verdict on each combination and scenario."""
    header = ["combination", "result", "tests", "seconds"]
    header += ["latency beside 20 logins, ms", "memory of 55 sign-ins, MB"]
    return make_table(
        header,
        [
            [
                run.subject,
                run.verdict,
                run.tests,
                run.seconds,
                "" if run.latency_beside_logins is None else run.latency_beside_logins,
                "" if run.memory_of_sign_ins is None else run.memory_of_sign_ins,
            ]
            for run in runs
        ],
    )


def checks_table(runs: list[Run]) -> str:
    """How many combinations each check ran for, and how long it took in all."""
    # The run with most checks comes first, so that the table has the order of the checks.
    by_checks = sorted(runs, key=lambda run: -len(run.seconds_by_check))
    names = dict.fromkeys(name for run in by_checks for name in run.seconds_by_check)
    rows = []
    for name in names:
        checked = [run for run in runs if name in run.seconds_by_check]
        failed = sum(run.failed_check == name for run in checked)
        seconds = sum(run.seconds_by_check[name] for run in checked)
        rows.append([name, len(checked), failed, seconds])
    return make_table(["check", "combinations", "failed", "seconds"], rows)


def commands_table() -> str:
    """The commands that took longest. Several of them run at the same time."""
    most = sorted(seconds_by_command.items(), key=lambda item: -item[1])[:12]
    return make_table(["command", "seconds"], most)


def findings_table(runs: list[Run]) -> str:
    """The result of each injected fault and each kind of malicious input, by combination."""
    runs = [run for run in runs if run.findings]
    names = dict.fromkeys(
        (check, name) for run in runs for check, found in run.findings.items() for name in found
    )
    rows: list[list[object]] = []
    for check, name in names:
        findings = [run.findings.get(check, {}).get(name) for run in runs]
        results = ["" if found is None else "; ".join(found) or "passed" for found in findings]
        rows.append([check, name, *results])
    return make_table(["check", "fault or input", *(str(run.subject) for run in runs)], rows)


def database_urls_table(runs: list[Run]) -> str:
    """What each driver does with the URLs of hosting providers."""
    runs = [run for run in runs if run.database_urls]
    names = dict.fromkeys(name for run in runs for name in run.database_urls)
    header = ["DATABASE_URL", *(str(run.subject) for run in runs)]
    return make_table(
        header, [[name, *(run.database_urls.get(name, "") for run in runs)] for name in names]
    )


def column_types_table(runs: list[Run]) -> str:
    """What becomes of each column type in a revision, by combination."""
    runs = [run for run in runs if run.column_types]
    names = dict.fromkeys(name for run in runs for name in run.column_types)
    rows = [[name, *(run.column_types.get(name, "") for run in runs)] for name in names]
    return make_table(["column type", *(str(run.subject) for run in runs)], rows)


def load_table(runs: list[Run]) -> str:
    """64 clients for 20 seconds, a tenth of the requests are writes. Other checks run beside it."""
    header = ["load", "requests/s", "p50, ms", "p99, ms", "MB, warm", "MB, after"]
    return make_table(
        header,
        [
            [
                run.subject,
                run.load.requests / run.load.seconds,
                run.load.p50,
                run.load.p99,
                run.load.memory_before,
                run.load.memory_after,
            ]
            for run in runs
            if run.load is not None
        ],
    )
