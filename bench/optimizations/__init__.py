"""Changes to a generated project that show what each optimization of the template is worth.

Most of them are the usual code in place of an optimization. The `constant_*` ones go the other way:
they are optimizations that the template does not have.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.servers import CREATE, DEFAULT_OPTIONS, LIVE, PAGE, READ


@dataclass
class Change:
    """A patch `NAME.diff` in this folder, other options of uvicorn, or other settings.

    `git apply --unidiff-zero` applies the patch, so it needs no context except where lines are only
    added. The less of the project it quotes, the fewer edits of the template break it.
    """

    name: str
    description: str
    route: str
    """The route where the difference shows."""
    options: tuple[str, ...] = DEFAULT_OPTIONS
    patched: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def patch(self) -> Path | None:
        return Path(__file__).parent / f"{self.name}.diff" if self.patched else None


CHANGES = [
    Change("read_transactions", "reads in a transaction of the writer's engine", READ),
    Change("ping", "a ping at each checkout of a connection", READ),
    Change("sqlalchemy_queue", "SQLAlchemy's own queue in the pool", READ),
    Change("default_pool", "SQLAlchemy's default pool: 5 connections, 10 more on demand", READ),
    Change("sync_dependency", "a plain `def` as a dependency", READ),
    Change("no_gc_freeze", "no `gc.freeze()` after the start", READ),
    Change("no_gc_threshold", "Python's own threshold of garbage collection", READ),
    Change("common_router", "one common router for all domains", READ),
    Change("constant_read", "not in the template: the statement is a module constant", READ),
    Change("constant_page", "not in the template: the statement is a module constant", PAGE),
    Change("refresh", "`refresh` after the flush", CREATE),
    Change("base_http_middleware", "a BaseHTTPMiddleware in addition", LIVE),
    Change("access_log", "uvicorn's access log in addition", LIVE, options=()),
    Change(
        "h11_asyncio",
        "h11 and asyncio's event loop, instead of httptools and uvloop",
        LIVE,
        options=(*DEFAULT_OPTIONS, "--http=h11", "--loop=asyncio"),
        patched=False,
    ),
]
TELEMETRY = Change(
    "telemetry",
    "telemetry is on, and a tenth of the traces is recorded",
    READ,
    patched=False,
    settings={"TELEMETRY": "true"},
)
ALL_TRACES = Change(
    "all_traces",
    "telemetry is on, and each trace is recorded",
    READ,
    patched=False,
    settings={"TELEMETRY": "true", "OTEL_TRACES_SAMPLER": "always_on"},
)
NO_KEYS = Change("no_idempotency_keys", "the route does not accept idempotency keys", CREATE)
JOB = Change("job", "with one job", CREATE)
"""Not an optimization: `bin/bench jobs` shows what a job costs the request that adds it."""
