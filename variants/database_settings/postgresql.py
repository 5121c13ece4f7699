"""The settings of the database; each is an environment variable of the same name, in capitals."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings
from sqlalchemy import make_url

from app.db.url import DatabaseURL


class DatabaseSettings(BaseSettings):
    database_url: DatabaseURL = Field(
        make_url("postgresql://postgres@localhost:5432/app"),
        validate_default=True,
        description="`postgres://user:password@host:5432/name`, as hosters write it.",
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
    database_connect_timeout: float = Field(5, gt=0, description="Seconds to open a connection.")
    database_isolation_level: Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"] = Field(
        "READ COMMITTED", description="Of transactions. A conflict runs the request again."
    )
    database_statement_timeout: float = Field(
        30, ge=0, description="Seconds that a statement may take; 0 is for ever."
    )
    database_idle_timeout: float = Field(
        60, ge=0, description="Seconds that an open transaction may idle; 0 is for ever."
    )
    database_pooler: Literal["none", "transaction"] = Field(
        "none", description="`transaction` behind PgBouncer and its like in that mode."
    )
