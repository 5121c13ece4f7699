"""Settings for jobs. Each is an environment variable of the same name, in capitals."""

from datetime import timedelta

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

SCHEMES = ("redis://", "rediss://", "amqp://", "amqps://")


class JobSettings(BaseSettings):
    broker_url: SecretStr | None = Field(
        default=None,
        description="`redis://host:6379/0` or `amqp://user:password@host:5672`. Without it, the"
        " service runs jobs itself, after the response.",
    )
    job_timeout: float = Field(
        default=60, gt=0, description="Timeout of a job in seconds. The job is then retried."
    )
    job_attempts: int = Field(
        default=10, ge=1, description="Attempts to run a job, with growing delays between them."
    )

    @field_validator("broker_url")
    @classmethod
    def check_scheme(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not url.get_secret_value().startswith(SCHEMES):
            raise ValueError(f"it must start with {', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}")
        return url

    @property
    def has_worker(self) -> bool:
        """Without a worker, the service runs jobs itself."""
        return self.broker_url is not None

    @property
    def job_lease(self) -> timedelta:
        """After this time, a job that was sent or started but is not done is sent again."""
        return timedelta(seconds=2 * self.job_timeout)
