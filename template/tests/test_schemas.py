"""Which JSON values the types of fields accept."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.http.schemas import (
    Bool,
    Date,
    DecimalString,
    Float,
    Instant,
    Int64,
    JsonObject,
    LocalTime,
    LongText,
    Text,
)

Price = Annotated[Decimal, DecimalString(5, 2)]


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (Date, "2026-12-31", date(2026, 12, 31)),
        (Instant, "2026-12-31T23:30:00-01:00", datetime(2027, 1, 1, 0, 30, tzinfo=UTC)),
        (LocalTime, "09:30", time(9, 30)),
        (LocalTime, "23:59:59.999999", time(23, 59, 59, 999999)),
        (Price, "999.9", Decimal("999.90")),
        (Price, "-0", Decimal("0.00")),
        (Int64, 2**63 - 1, 2**63 - 1),
        (Int64, -(2**63), -(2**63)),
        (Float, -1e300, -1e300),
        (Bool, False, False),
        (LongText, "a" * 100_000, "a" * 100_000),
        (JsonObject, {"a": [None, {"b": 1.5}]}, {"a": [None, {"b": 1.5}]}),
    ],
)
def test_accepted(type_: Any, value: Any, expected: Any) -> None:
    found = TypeAdapter(type_).validate_python(value)
    assert (str(found), type(found)) == (str(expected), type(expected))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Date, 0),
        (Date, "20261231"),
        (Instant, 0),
        (Instant, "2026-12-31T23:30:00"),
        (Instant, "9999-12-31T23:30:00-01:00"),
        (LocalTime, 0),
        (LocalTime, "24:00"),
        (LocalTime, "09:30Z"),
        (LocalTime, "09:30:00.1234567"),
        (Price, 1),
        (Price, "1000"),
        (Price, "0.001"),
        (Price, "1e2"),
        (Int64, 2**63),
        (Int64, -(2**63) - 1),
        (Int64, True),
        (Float, 1.1e300),
        (Float, float("nan")),
        (Bool, 1),
        (Text, "a\x00"),
        (LongText, "a" * 100_001),
        (JsonObject, {"a": float("inf")}),
        (JsonObject, []),
    ],
)
def test_refused(type_: Any, value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(type_).validate_python(value)


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (Instant, 0, "a string in ISO 8601 format"),
        (Instant, "9999-12-31T23:30:00-01:00", "in the years 1 to 9999 in UTC"),
        (LocalTime, "24:00", "a time of day, such as 09:30"),
        (Price, "1000", "with at most 3 digits before the point and 2 after it"),
    ],
)
def test_error_messages(type_: Any, value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(type_).validate_python(value)
