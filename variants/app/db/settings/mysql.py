"""Database settings. Each is an environment variable of the same name, in capitals."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from app.db.url import DatabaseURL, OptionalURL, parse_url

LOCAL = "mysql://root@localhost:3306/{{ database_name }}"


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = Field(
        default=parse_url(LOCAL),
        description="mysql://user:password@host:3306/name?ssl_ca=/path/ca.pem, for example.",
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
    database_pool_recycle: int = Field(
        default=1800,
        gt=0,
        description="Maximum age of a connection in seconds; less than wait_timeout.",
    )
    database_connect_timeout: int = Field(
        default=5, ge=1, description="Timeout in seconds for opening a connection."
    )
    database_isolation_level: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] = Field(
        default="READ COMMITTED", description="Isolation level. Conflicting requests are retried."
    )
    database_statement_timeout: float = Field(
        default=30,
        ge=0,
        description="Timeout in seconds for a statement (on MySQL, only for SELECT). 0 means no timeout.",
    )
    database_lock_timeout: int = Field(
        default=5, ge=1, description="Seconds that a statement waits for a locked row or table."
    )
    database_wsrep_sync_wait: int = Field(
        default=0,
        ge=0,
        le=15,
        description="For a Galera cluster: 1 lets reads wait for what other nodes have committed.",
    )
