"""The scheduler of taskiq, which adds jobs to the table at set times."""

import asyncio
import signal
from contextlib import AsyncExitStack

from taskiq import InMemoryBroker, TaskiqScheduler
from taskiq.schedule_sources import LabelScheduleSource

from app.db.session import connect
from app.jobs.queue import PAUSE, add_scheduled
from app.jobs.task import P, Task
from app.logging import configure_logging
from app.settings import read_settings


class JobScheduler(TaskiqScheduler):
    """Calls the functions in `app/jobs/schedules.py` in its own process, without a broker."""

    def __init__(self) -> None:
        broker = InMemoryBroker(await_inplace=True)
        super().__init__(broker, [LabelScheduleSource(broker)])
        self.stack = AsyncExitStack()

    async def startup(self) -> None:
        settings = read_settings()
        if not settings.has_worker:
            raise SystemExit("Set BROKER_URL. Without it, no worker runs the jobs.")
        configure_logging(settings)
        self.main = asyncio.current_task()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.stop)
        self.db = await self.stack.enter_async_context(connect(settings))

    def stop(self) -> None:
        """End the process gracefully, as taskiq does on SIGINT only."""
        if self.main and not self.main.cancelling():
            self.main.cancel()

    async def shutdown(self) -> None:
        await self.stack.aclose()

    async def add(self, task: Task[P], *args: P.args, **kwargs: P.kwargs) -> None:
        """Add a job. Without the database, try again until it is added."""
        while True:
            if await add_scheduled(self.db, task, *args, **kwargs):
                return
            await asyncio.sleep(PAUSE)
