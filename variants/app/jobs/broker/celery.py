"""The broker of Celery, which delivers jobs to workers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from celery import Celery

from app.jobs.models import Job
from app.jobs.relay import SEND_TIMEOUT, Send
from app.jobs.settings import JobSettings

QUEUE = "celery"  # another library uses another queue, because its messages differ
MAX_MESSAGES = 10_000  # a limit is needed: without a worker, jobs are sent again and again


def create_celery(settings: JobSettings) -> Celery:
    celery = Celery("jobs", set_as_current=False)
    celery.conf.update(
        broker_url=settings.broker_url.get_secret_value() if settings.broker_url else "",
        broker_connection_timeout=SEND_TIMEOUT,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"socket_timeout": SEND_TIMEOUT, "socket_keepalive": True},
        task_default_queue=QUEUE,
        task_ignore_result=True,
        task_publish_retry=False,  # the relay sends it again
        # A job that blocks the event loop cannot be cancelled, so its process is killed.
        task_time_limit=settings.job_lease.total_seconds(),
        worker_prefetch_multiplier=1,  # so a worker that is killed loses few jobs
        worker_proc_alive_timeout=60,
        worker_redirect_stdouts=False,
    )
    return celery


@asynccontextmanager
async def connect_broker(settings: JobSettings) -> AsyncGenerator[Send]:
    """Connect to the broker to send jobs."""
    celery = create_celery(settings)
    # Celery blocks, so each call runs in a thread.
    connection = celery.connection_for_write()

    def send_and_wait(job: Job) -> None:
        channel: Any = connection.default_channel
        queue = channel.queue_declare(QUEUE, durable=True, auto_delete=False)
        if queue.message_count >= MAX_MESSAGES:
            raise ConnectionError("The queue of the broker is full. Are workers running?")
        arguments = str(job.id), job.attempts
        celery.send_task(job.task, arguments, task_id=str(job.id), connection=connection)

    async def send(job: Job) -> None:
        await asyncio.to_thread(send_and_wait, job)

    try:
        yield send
    finally:
        await asyncio.to_thread(connection.release)
