"""Jobs at set times, in UTC. `just scheduler` adds them to the table."""

from celery.schedules import crontab

{% if auth %}
from app.auth.tasks import purge_sessions
{% endif %}
from app.http.tasks import purge_idempotency_keys
from app.jobs.scheduler import create_scheduler

celery = create_scheduler()
celery.conf.beat_schedule = {
    "purge idempotency keys every night": {
        "task": purge_idempotency_keys.name,
        "schedule": crontab(minute="0", hour="3"),
    },
{% if auth %}
    "purge sessions every night": {
        "task": purge_sessions.name,
        "schedule": crontab(minute="0", hour="3"),
    },
{% endif %}
}
