"""The settings of the database; each is an environment variable of the same name, in capitals."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from app.db.url import DatabaseURL, parse_url

LOCAL = "mysql://root@localhost:3306/{{ database_name }}"


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = parse_url(LOCAL)
    """`mysql://user:password@host:3306/name`; for MariaDB too."""

    database_write_pool: int = Field(default=10, ge=1)
    """Connections of a worker for transactions; all are kept open."""

    database_read_pool: int = Field(default=10, ge=1)
    """Connections of a worker for GET, HEAD and OPTIONS."""

    database_pool_timeout: float = Field(default=3, gt=0)
    """Seconds that a request waits for a connection before it gets a 503."""

    database_pool_recycle: int = Field(default=1800, gt=0)
    """Seconds that a connection is kept; below the server's wait_timeout."""

    database_connect_timeout: int = Field(default=5, ge=1)
    """Seconds to open a connection."""

    database_isolation_level: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] = (
        "READ COMMITTED"
    )
    """Of transactions. A conflict runs the request again."""

    database_lock_timeout: int = Field(default=5, ge=1)
    """Seconds that a statement waits for a locked row."""
