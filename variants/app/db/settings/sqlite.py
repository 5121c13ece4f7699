"""Database settings. Each is an environment variable of the same name, in capitals."""

from pydantic import Field
from pydantic_settings import BaseSettings
from sqlalchemy import make_url

from app.db.url import DatabaseURL


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = Field(
        default=make_url("sqlite:///app.db"),
        validate_default=True,
        description="A file in the project: sqlite:///app.db. An absolute path: sqlite:////data/app.db.",
    )
    database_read_pool: int = Field(
        default=4, ge=1, description="Connections per worker for GET, HEAD and OPTIONS."
    )
    database_pool_timeout: float = Field(
        default=3, gt=0, description="Seconds to wait for a connection before a 503."
    )
    database_busy_timeout: float = Field(
        default=5, gt=0, description="Seconds to wait for a transaction of another process."
    )
