"""Adds jobs to the database of a generated project, and prints how many of them are done in a second.

`python run_jobs.py NUMBER` runs in the folder of the project, with its packages, while workers run.
"""

import asyncio
import sys
import time

from app.db.database import Database
from app.db.session import connect
from app.items.tasks import announce
from app.jobs.due import age_of_oldest
from app.jobs.queue import Jobs
from app.settings import read_settings


async def add_and_wait(db: Database, count: int) -> None:
    async with db.unit() as session:
        for _ in range(count):
            await Jobs.from_session(session).add(announce, 1)
    while await age_of_oldest(db) != 0:
        await asyncio.sleep(0.05)


async def main(count: int) -> None:
    async with connect(read_settings()) as db:
        await add_and_wait(db, 100)  # wait until the workers have started
        start = time.perf_counter()
        await add_and_wait(db, count)
        print(count / (time.perf_counter() - start))


asyncio.run(main(int(sys.argv[1])))
