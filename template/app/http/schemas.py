"""Types for the fields of request bodies. They accept exactly what every database can store."""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    FiniteFloat,
    Strict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeAliasType

LOCAL_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"


def unset() -> Any:
    """The `default_factory` of a field that a client may leave out, but not set to null.

    A factory keeps the default out of the OpenAPI document. Dump with `exclude_unset=True`.
    """


def require_iso_format(value: object) -> object:
    """Reject numbers, which Pydantic would read as seconds since 1970."""
    if isinstance(value, str) and value[4:5] == "-":
        return value
    raise ValueError("The value must be a string in ISO 8601 format.")


def require_local_time(value: object) -> object:
    if isinstance(value, dt.time) or (isinstance(value, str) and re.match(LOCAL_TIME, value)):
        return value
    raise ValueError("The value must be a time of day, such as 09:30 or 23:59:59.999999.")


def convert_to_utc(time: dt.datetime) -> dt.datetime:
    try:
        return time.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("The time must be in the years 1 to 9999 in UTC.") from None


class DecimalString:
    """A decimal with limited digits. It is a string in JSON, where numbers are not exact."""

    def __init__(self, precision: int, scale: int) -> None:
        fraction = rf"(\.[0-9]{{1,{scale}}})?" if scale else ""
        self.pattern = rf"^-?[0-9]{{1,{precision - scale}}}{fraction}$"
        self.step = Decimal(1).scaleb(-scale)
        self.message = (
            f"Input should be a decimal in a string, with at most {precision - scale} digits "
            f"before the point and {scale} after it"
        )

    def parse(self, text: str) -> Decimal:
        return Decimal(text).quantize(self.step) + 0  # + 0 turns -0.00 into 0.00

    def __get_pydantic_core_schema__(self, *_: Any) -> CoreSchema:
        text = core_schema.custom_error_schema(
            core_schema.str_schema(pattern=self.pattern),
            custom_error_type="decimal_string",
            custom_error_message=self.message,
        )
        return core_schema.no_info_after_validator_function(
            self.parse, text, serialization=core_schema.to_string_ser_schema()
        )


Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]  # also refuses lone surrogates
LongText = Annotated[Text, MaxLen(100_000)]
Bool = Annotated[bool, Strict()]
Int64 = Annotated[int, Strict(), Ge(-(2**63)), Le(2**63 - 1)]
Float = Annotated[FiniteFloat, Strict(), Ge(-1e300), Le(1e300)]
Date = Annotated[dt.date, BeforeValidator(require_iso_format)]
Instant = Annotated[
    AwareDatetime, BeforeValidator(require_iso_format), AfterValidator(convert_to_utc)
]
LocalTime = Annotated[
    dt.time,
    BeforeValidator(require_local_time),
    WithJsonSchema({"type": "string", "pattern": LOCAL_TIME}),  # `format: time` has an offset
]
Json = TypeAliasType("Json", "list[Json] | dict[Text, Json] | Text | Int64 | Float | bool | None")
JsonObject = dict[Text, Json]
