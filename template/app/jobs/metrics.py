"""The age of the oldest job as a metric. The service measures it, because a worker may be down."""

import asyncio

from opentelemetry.metrics import get_meter

from app.db.database import Database
from app.jobs.due import age_of_oldest

INTERVAL = 15  # seconds

oldest_age = get_meter("app").create_gauge(
    "app.jobs.oldest_age", "s", "Age of the oldest job that is not done."
)


async def measure(db: Database) -> None:
    """Measure until the task is cancelled."""
    while True:
        if (age := await age_of_oldest(db)) is not None:
            oldest_age.set(age)
        await asyncio.sleep(INTERVAL)
