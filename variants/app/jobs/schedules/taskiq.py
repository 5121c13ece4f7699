"""Jobs at set times, in UTC. `just scheduler` adds them to the table."""

{% if auth %}
from app.auth.tasks import purge_sessions
{% endif %}
from app.http.tasks import purge_idempotency_keys
from app.jobs.scheduler import JobScheduler

scheduler = JobScheduler()


@scheduler.broker.task(schedule=[{"cron": "0 3 * * *"}])
async def every_night() -> None:
    await scheduler.add(purge_idempotency_keys)
{% if auth %}
    await scheduler.add(purge_sessions)
{% endif %}
