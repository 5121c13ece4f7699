"""The broker of taskiq, which delivers jobs to workers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

from taskiq import AsyncBroker, Context, TaskiqDepends
from taskiq.kicker import AsyncKicker

from app.jobs.models import Job
from app.jobs.relay import Send
from app.jobs.run import run
from app.jobs.settings import JobSettings
from app.jobs.task import find_tasks

MAX_MESSAGES = 10_000  # a message that the broker drops is sent again when its lease ends


def create_broker(settings: JobSettings) -> AsyncBroker:
    """Create the broker, and register all tasks by their names."""
    url = settings.broker_url.get_secret_value() if settings.broker_url else ""
    broker = redis_broker(url) if url.startswith("redis") else rabbitmq_broker(url)
    for name in find_tasks():
        broker.register_task(run_job, name)
    return broker


def redis_broker(url: str) -> AsyncBroker:
    from taskiq_redis import RedisStreamBroker

    return RedisStreamBroker(
        url,
        queue_name="jobs",
        consumer_group_name="workers",
        consumer_id="0",  # also reads messages that are older than the first worker
        xread_count=1,  # so a worker that is killed loses no more than it has started
        maxlen=MAX_MESSAGES,
        unacknowledged_lock_timeout=60,
    )


def rabbitmq_broker(url: str) -> AsyncBroker:
    from taskiq_aio_pika import AioPikaBroker, Queue

    return AioPikaBroker(url, qos=1).with_queue(
        Queue(name="jobs", arguments={"x-max-length": MAX_MESSAGES})
    )


async def run_job(
    job_id: UUID, attempts: int, context: Annotated[Context, TaskiqDepends()]
) -> None:
    await run(context.state.db, context.state.settings, job_id, attempts)


@asynccontextmanager
async def connect_broker(settings: JobSettings) -> AsyncGenerator[Send]:
    """Connect to the broker to send jobs."""
    broker = create_broker(settings)

    async def send(job: Job) -> None:
        kicker = AsyncKicker[[str, int], None](job.task, broker, {})
        await kicker.with_task_id(str(job.id)).kiq(str(job.id), job.attempts)

    await broker.startup()
    try:
        yield send
    finally:
        await broker.shutdown()
