"""The meaning of SQLite errors, by extended result code.

https://www.sqlite.org/rescode.html
"""

import sqlite3

from sqlalchemy.exc import DBAPIError

RETRYABLE = {sqlite3.SQLITE_BUSY_SNAPSHOT}
LOCKED: set[int] = set()  # a transaction waits for the previous one
CONFLICT = {
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_TRIGGER,  # RESTRICT: the row is referenced
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
}
INVALID = {
    sqlite3.SQLITE_CONSTRAINT_CHECK,
    sqlite3.SQLITE_CONSTRAINT_NOTNULL,
    sqlite3.SQLITE_MISMATCH,  # an id that is not an integer
    sqlite3.SQLITE_RANGE,  # out of range
    sqlite3.SQLITE_TOOBIG,
}
READ_ONLY = {sqlite3.SQLITE_READONLY}
UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,  # another process has been writing for longer than the timeout
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,  # the file or its directory is not writable
}


def code_of(error: DBAPIError) -> int | None:
    if isinstance(error.orig, OverflowError):  # an integer of more than 64 bits
        return sqlite3.SQLITE_RANGE
    return getattr(error.orig, "sqlite_errorcode", None)


def is_unavailable(error: DBAPIError) -> bool:
    primary = (code_of(error) or 0) & 0xFF  # the lower byte of an extended code
    return error.connection_invalidated or primary in UNAVAILABLE
