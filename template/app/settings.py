"""The settings of the service: environment variables of the same names, in capitals, or `.env`."""

from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from app.db.settings import DatabaseSettings

S = TypeVar("S", bound=BaseSettings)


class Settings(DatabaseSettings):
    """Raises ValidationError for a bad value, without showing it."""

    # A name that is no setting may be another program's: compose reads .env too.
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lines of log below it are left out."""

    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto`: for people on a terminal, JSON elsewhere."""

    max_body_size: int = Field(default=1_000_000, ge=0)
    """Bytes of a request body; more gets a 413."""

    api_docs: bool = True
    """Serve /docs and the OpenAPI document."""

    telemetry: bool = False
    """Send OpenTelemetry to OTEL_EXPORTER_OTLP_ENDPOINT: `uv sync --extra telemetry`."""


def read_settings(kind: type[S]) -> S:
    """Those of this process; SystemExit that names what is missing or bad, and shows no value."""
    try:
        return kind()
    except SettingsError as error:  # a list that is not JSON
        raise SystemExit(str(error)) from None
    except ValidationError as error:
        faults = [
            ": ".join([*(str(name).upper() for name in fault["loc"]), fault["msg"]])
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise SystemExit("\n".join(faults).replace("Value error, ", "")) from None
