def escape_finite(value: float, _: object = None) -> str:
    """Refuse -inf like inf and NaN: the driver would write it as a name."""
    return escape_float(abs(value) if value == -inf else value)
