"""The meaning of PostgreSQL errors, by SQLSTATE.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from sqlalchemy.exc import DataError, DBAPIError, OperationalError

STALE = "stale"  # not an SQLSTATE, because 0A000 and XX000 have other causes, too
# The names of the server's functions that fail when a migration has changed the types of a
# prepared statement. Unlike messages, names are not translated.
STALE_IN = {"RevalidateCachedQuery", "getTypeInputInfo", "getTypeBinaryInputInfo"}

RETRYABLE = {
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock timeout
    STALE,
}
LOCKED = {"55P03"}
CONFLICT = {
    "23001",  # RESTRICT: the row is referenced
    "23503",  # foreign key
    "23505",  # unique
    "23P01",  # exclusion
}
INVALID = {
    "22000",  # the driver refuses the value
    "22001",  # too long
    "22003",  # out of range
    "22007",  # not a date or time
    "22008",  # out of range, for a date or time
    "22021",  # NUL
    "22P02",  # not a number, or not a value of an enum
    "22P05",  # NUL in JSON
    "23502",  # NOT NULL
    "23514",  # CHECK
}
READ_ONLY = {"25006"}
UNAVAILABLE = {
    "25006",  # the server is a standby
    "25P03",  # the transaction was idle for too long
    "53100",  # disk full
    "53200",  # out of memory
    "53300",  # too many connections
    "57014",  # statement timeout
    "57P01",  # shutdown, or the connection was terminated
    "57P02",  # crash
    "57P03",  # cannot connect now
    "57P05",  # the session was idle for too long
}


def code_of(error: DBAPIError) -> str | None:
    cause: BaseException | None = error.orig
    while cause is not None:
        # The driver does not send such a value to the server, so there is no SQLSTATE. If there is
        # no statement, the driver could not connect.
        if error.statement and isinstance(cause, (TypeError, ValueError, OverflowError)):
            return "22000"
        if is_stale(cause):
            return STALE
        cause = cause.__cause__
    sqlstate: str | None = getattr(error.orig, "sqlstate", None)
    return "22000" if sqlstate is None and isinstance(error, DataError) else sqlstate


def is_stale(error: BaseException) -> bool:
    """A migration has changed the schema since this connection prepared the statement."""
    psycopg = getattr(getattr(error, "diag", None), "source_function", None)
    asyncpg = getattr(error, "server_source_function", None)
    return bool(STALE_IN & {psycopg, asyncpg}) or type(error).__name__ == "OutdatedSchemaCacheError"


def is_unavailable(error: DBAPIError) -> bool:
    if (code := code_of(error)) is None:  # psycopg has none if it cannot connect
        return error.connection_invalidated or isinstance(error, OperationalError)
    return error.connection_invalidated or code in UNAVAILABLE or code.startswith("08")
