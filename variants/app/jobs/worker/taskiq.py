"""The module that a worker imports: `taskiq worker app.jobs.worker:broker`."""

from contextlib import AsyncExitStack

from taskiq import TaskiqEvents, TaskiqState

from app.db.session import connect
from app.jobs.broker import create_broker
from app.logging import configure_logging
from app.settings import read_settings

settings = read_settings()
if not settings.has_worker:
    raise SystemExit("Set BROKER_URL. Without it, the service runs the jobs itself.")
broker = create_broker(settings)
stack = AsyncExitStack()


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    configure_logging(settings)
    state.settings = settings
    state.db = await stack.enter_async_context(connect(settings))


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def stop(_: TaskiqState) -> None:
    await stack.aclose()
