"""Jobs at set times, in UTC. The worker adds them to the table."""

from apscheduler.schedulers.asyncio import AsyncIOScheduler

{% if auth %}
from app.auth.tasks import purge_sessions
{% endif %}
from app.db.database import Database
from app.http.tasks import purge_idempotency_keys
from app.jobs.scheduler import add


def add_schedules(scheduler: AsyncIOScheduler, db: Database) -> None:
    scheduler.add_job(add, "cron", [db, purge_idempotency_keys], hour=3)
{% if auth %}
    scheduler.add_job(add, "cron", [db, purge_sessions], hour=3)
{% endif %}
