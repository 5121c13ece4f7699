"""The settings of the database; each is an environment variable of the same name, in capitals."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings

from app.db.url import DatabaseURL, parse_url


class DatabaseSettings(BaseSettings):
    database_url: Annotated[
        DatabaseURL,
        Field(description="`postgres://user:password@host:5432/name`, as hosters write it."),
    ] = parse_url("postgresql://postgres@localhost:5432/{{ database_name }}")
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
    database_connect_timeout: Annotated[
        float, Field(gt=0, description="Seconds to open a connection.")
    ] = 5
    database_isolation_level: Annotated[
        Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"],
        Field(description="Of transactions. A conflict runs the request again."),
    ] = "READ COMMITTED"
    database_statement_timeout: Annotated[
        float, Field(ge=0, description="Seconds that a statement may take; 0 is for ever.")
    ] = 30
    database_idle_timeout: Annotated[
        float, Field(ge=0, description="Seconds that an open transaction may idle; 0 is for ever.")
    ] = 60
    database_pooler: Annotated[
        Literal["none", "transaction"],
        Field(description="`transaction` behind PgBouncer and its like in that mode."),
    ] = "none"
