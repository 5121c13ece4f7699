"""The meaning of MySQL and MariaDB errors, by number.

https://dev.mysql.com/doc/mysql-errors/8.4/en/ and https://mariadb.com/kb/en/mariadb-error-codes/
"""

from sqlalchemy.exc import DBAPIError, ProgrammingError

RETRYABLE = {
    1020,  # the row has changed since it was read
    1205,  # lock wait timeout
    1213,  # deadlock, and a conflict between the nodes of a cluster
    1412,  # a migration has changed the table since the transaction began
    1615,  # a migration has changed the table of a prepared statement
    3572,  # NOWAIT (MySQL)
}
LOCKED = {
    1205,  # lock wait timeout, and NOWAIT (MariaDB)
    3572,  # NOWAIT (MySQL)
}
CONFLICT = {
    1062,  # unique
    1451,  # foreign key: the row is referenced
    1452,  # foreign key: the referenced row does not exist
}
INVALID = {
    1048,  # NOT NULL
    1264,  # out of range
    1265,  # not a value of an enum
    1292,  # not a date or time
    1364,  # NOT NULL, in an INSERT without the column
    1366,  # not a number, or a character that the column cannot store
    1406,  # too long
    3819,  # CHECK (MySQL)
    4025,  # CHECK (MariaDB)
}
READ_ONLY = {1792}
NO_QUORUM = 1047  # a node of a cluster that has lost the connection to most of the others
UNAVAILABLE = {
    1021,  # disk full
    1040,  # too many connections
    NO_QUORUM,
    1053,  # shutdown
    1203,  # too many connections of this user
    1290,  # the server runs with --read-only
    1317,  # the statement was killed
    1836,  # the server runs in read-only mode
    1927,  # the connection was killed
    1969,  # statement timeout (MariaDB)
    2003,  # cannot connect
    2006,  # the server has gone away
    2013,  # the connection was lost
    3024,  # statement timeout (MySQL)
    3032,  # the server runs in offline mode (MySQL)
}


def code_of(error: DBAPIError) -> int | None:
    code = next(iter(getattr(error.orig, "args", ())), None)
    if isinstance(code, int):
        return code
    # The driver does not send NaN or infinity to the server, so there is no error number.
    return 1264 if error.statement and isinstance(error, ProgrammingError) else None


def is_unavailable(error: DBAPIError) -> bool:
    return error.connection_invalidated or code_of(error) in UNAVAILABLE
