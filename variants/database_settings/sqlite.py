"""The settings of the database; each is an environment variable of the same name, in capitals."""

from pydantic import Field
from pydantic_settings import BaseSettings

from app.db.url import DatabaseURL, parse_url


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = parse_url("sqlite:///app.db")
    """`sqlite:///relative.db`, or `sqlite:////absolute.db` with four slashes."""

    database_read_pool: int = Field(default=4, ge=1)
    """Connections of a worker for GET, HEAD and OPTIONS; beside more of them its writer starves."""

    database_pool_timeout: float = Field(default=3, gt=0)
    """Seconds that a request waits for its turn before it gets a 503."""

    database_busy_timeout: float = Field(default=5, gt=0)
    """Seconds that a transaction waits for one of another process."""
