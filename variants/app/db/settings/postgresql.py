"""Database settings. Each is an environment variable of the same name, in capitals."""

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings
from sqlalchemy import URL

from app.db.url import DatabaseURL, OptionalURL, parse_url
from app.db.url_parameters import refuse_standby

LOCAL = "postgresql://postgres@localhost:5432/{{ database_name }}"


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = Field(
        default=parse_url(LOCAL),
        description="postgres://user:password@host:5432/name?sslmode=verify-full, for example.",
    )
    database_read_url: OptionalURL = Field(
        default=None,
        description="A standby for GET, HEAD and OPTIONS. Without it, all reads use DATABASE_URL.",
    )
    database_max_lag: int = Field(
        default=5,
        ge=1,
        description="Seconds after a write for which its client reads from the primary.",
    )
    migrations_database_url: OptionalURL = Field(
        default=None,
        description="URL for migrations, if DATABASE_URL is a pooler or one of several servers.",
    )
    database_write_pool: int = Field(
        default=10, ge=1, description="Connections per worker for transactions. All stay open."
    )
    database_read_pool: int = Field(
        default=10, ge=1, description="Connections per worker for GET, HEAD and OPTIONS."
    )
    database_pool_timeout: float = Field(
        default=3, gt=0, description="Seconds to wait for a connection before a 503."
    )
    database_connect_timeout: float = Field(
        default=5, gt=0, description="Timeout in seconds for opening a connection."
    )
    database_isolation_level: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] = Field(
        default="READ COMMITTED", description="Isolation level. Conflicting requests are retried."
    )
    database_statement_timeout: float = Field(
        default=30, ge=0, description="Timeout in seconds for a statement. 0 means no timeout."
    )
    database_lock_timeout: float = Field(
        default=5,
        ge=0,
        description="Seconds that a statement waits for a locked row or table. 0 means no limit.",
    )
    database_idle_timeout: float = Field(
        default=60,
        ge=0,
        description="Timeout in seconds for an idle transaction. 0 means no timeout.",
    )
    database_pooler: Literal["none", "transaction"] = Field(
        default="none", description="transaction: behind PgBouncer in transaction mode."
    )

    @field_validator("database_url", "migrations_database_url")
    @classmethod
    def is_writable(cls, url: URL | None) -> URL | None:
        if url is not None:
            refuse_standby(url)
        return url
