"""Settings for jobs. Each is an environment variable of the same name, in capitals."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings


class JobSettings(BaseSettings):
    job_worker: bool = Field(
        default=False,
        description="A worker runs the jobs. Without one, the service runs them itself, after the"
        " response.",
    )
    job_timeout: float = Field(
        default=60, gt=0, description="Timeout of a job in seconds. The job is then retried."
    )
    job_attempts: int = Field(
        default=10, ge=1, description="Attempts to run a job, with growing delays between them."
    )

    @property
    def has_worker(self) -> bool:
        """Without a worker, the service runs jobs itself."""
        return self.job_worker

    @property
    def job_lease(self) -> timedelta:
        """After this time, a job that was claimed or started but is not done is run again."""
        return timedelta(seconds=2 * self.job_timeout)
