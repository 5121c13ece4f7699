"""The settings of the service: environment variables of the same names, in capitals, or `.env`."""

from typing import Literal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from app.db.settings import DatabaseSettings


class Settings(DatabaseSettings):
    """Raises ValidationError for a bad value, without showing it."""

    # A name that is no setting may be another program's: compose reads .env too.
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto`: for people on a terminal, JSON elsewhere."""

    max_body_size: int = Field(default=1_000_000, ge=0)
    """Bytes of a request body; more gets a 413."""

    api_docs: bool = True
    """Serve /docs and the OpenAPI document."""

    telemetry: bool = False
    """Send OpenTelemetry to OTEL_EXPORTER_OTLP_ENDPOINT: `uv sync --extra telemetry`."""
