"""The settings of the database; each is an environment variable of the same name, in capitals."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from app.db.url import DatabaseURL, parse_url

LOCAL = "postgresql://postgres@localhost:5432/{{ database_name }}"


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = parse_url(LOCAL)
    """`postgres://user:password@host:5432/name`, as hosters write it."""

    database_write_pool: int = Field(default=10, ge=1)
    """Connections of a worker for transactions; all are kept open."""

    database_read_pool: int = Field(default=10, ge=1)
    """Connections of a worker for GET, HEAD and OPTIONS."""

    database_pool_timeout: float = Field(default=3, gt=0)
    """Seconds that a request waits for a connection before it gets a 503."""

    database_connect_timeout: float = Field(default=5, gt=0)
    """Seconds to open a connection."""

    database_isolation_level: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] = (
        "READ COMMITTED"
    )
    """Of transactions. A conflict runs the request again."""

    database_statement_timeout: float = Field(default=30, ge=0)
    """Seconds that a statement may take; 0 is for ever."""

    database_idle_timeout: float = Field(default=60, ge=0)
    """Seconds that an open transaction may idle; 0 is for ever."""

    database_pooler: Literal["none", "transaction"] = "none"
    """`transaction` behind PgBouncer and its like in that mode."""
