"""The settings of the database; each is an environment variable of the same name, in capitals."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings
from sqlalchemy import make_url

from app.db.url import DatabaseURL


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = Field(
        make_url("mysql://root@localhost:3306/app"),
        validate_default=True,
        description="`mysql://user:password@host:3306/name`; for MariaDB too.",
    )
    database_write_pool: int = Field(
        10, ge=1, description="Connections of a worker for transactions; all are kept open."
    )
    database_read_pool: int = Field(
        10, ge=1, description="Connections of a worker for GET, HEAD and OPTIONS."
    )
    database_pool_timeout: float = Field(
        3, gt=0, description="Seconds that a request waits for a connection before it gets a 503."
    )
    database_pool_recycle: int = Field(
        1800, gt=0, description="Seconds that a connection is kept; below the server's wait_timeout."
    )
    database_connect_timeout: int = Field(5, ge=1, description="Seconds to open a connection.")
    database_isolation_level: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] = Field(
        "READ COMMITTED", description="Of transactions. A conflict runs the request again."
    )
    database_lock_timeout: int = Field(
        5, ge=1, description="Seconds that a statement waits for a locked row."
    )
