"""The settings of the database; each is an environment variable of the same name, in capitals."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from app.db.url import DatabaseURL, parse_url


class DatabaseSettings(BaseSettings):
    database_url: Annotated[
        DatabaseURL, Field(description="`mysql://user:password@host:3306/name`; for MariaDB too.")
    ] = parse_url("mysql://root@localhost:3306/{{ database_name }}")
    database_write_pool: Annotated[
        int, Field(ge=1, description="Connections of a worker for transactions; all are kept open.")
    ] = 10
    database_read_pool: Annotated[
        int, Field(ge=1, description="Connections of a worker for GET, HEAD and OPTIONS.")
    ] = 10
    database_pool_timeout: Annotated[
        float,
        Field(
            gt=0, description="Seconds that a request waits for a connection before it gets a 503."
        ),
    ] = 3
    database_pool_recycle: Annotated[
        int,
        Field(
            gt=0, description="Seconds that a connection is kept; below the server's wait_timeout."
        ),
    ] = 1800
    database_connect_timeout: Annotated[
        int, Field(ge=1, description="Seconds to open a connection.")
    ] = 5
    database_isolation_level: Annotated[
        Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"],
        Field(description="Of transactions. A conflict runs the request again."),
    ] = "READ COMMITTED"
    database_lock_timeout: Annotated[
        int, Field(ge=1, description="Seconds that a statement waits for a locked row.")
    ] = 5
