"""The settings of the database; each is an environment variable of the same name, in capitals."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from app.db.url import DatabaseURL, parse_url


class DatabaseSettings(BaseSettings):
    database_url: Annotated[
        DatabaseURL,
        Field(
            description="`sqlite:///relative.db`, or `sqlite:////absolute.db` with four slashes."
        ),
    ] = parse_url("sqlite:///app.db")
    database_read_pool: Annotated[
        int, Field(ge=1, description="Connections of a worker for GET, HEAD and OPTIONS.")
    ] = 10
    database_pool_timeout: Annotated[
        float,
        Field(gt=0, description="Seconds that a request waits for its turn before it gets a 503."),
    ] = 3
    database_busy_timeout: Annotated[
        float,
        Field(gt=0, description="Seconds that a transaction waits for one of another process."),
    ] = 5
