"""The settings of the service: environment variables of the same names, in capitals, or `.env`."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.db.settings import DatabaseSettings


class Settings(DatabaseSettings):
    """Raises ValidationError for a bad value, without showing it."""

    # A name that is no setting may be another program's: compose reads .env too.
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Annotated[
        Literal["auto", "console", "json"],
        Field(description="`auto`: for people on a terminal, JSON elsewhere."),
    ] = "auto"
    max_body_size: Annotated[
        int, Field(ge=0, description="Bytes of a request body; more gets a 413.")
    ] = 1_000_000
    api_docs: Annotated[bool, Field(description="Serve /docs and the OpenAPI document.")] = True
    telemetry: Annotated[
        bool,
        Field(
            description="Send OpenTelemetry to OTEL_EXPORTER_OTLP_ENDPOINT: "
            "`uv sync --extra telemetry`."
        ),
    ] = False
