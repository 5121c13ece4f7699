"""The settings of the database; each is an environment variable of the same name, in capitals."""

from pydantic import Field
from pydantic_settings import BaseSettings
from sqlalchemy import make_url

from app.db.url import DatabaseURL


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = Field(
        make_url("sqlite:///app.db"),
        validate_default=True,
        description="`sqlite:///relative.db`, or `sqlite:////absolute.db` with four slashes.",
    )
    database_read_pool: int = Field(
        10, ge=1, description="Connections of a worker for GET, HEAD and OPTIONS."
    )
    database_pool_timeout: float = Field(
        3, gt=0, description="Seconds that a request waits for its turn before it gets a 503."
    )
    database_busy_timeout: float = Field(
        5, gt=0, description="Seconds that a transaction waits for one of another process."
    )
