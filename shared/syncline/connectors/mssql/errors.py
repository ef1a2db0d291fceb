"""What SQL Server's errors mean for a record and for a call. Spec section 3, Retry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import mssql_python

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.system_errors import plain_words
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure, RetriableError

DEADLOCK = 1205
NO_DATABASE = 4060
LOCK_TIMED_OUT = 1222
READ_ONLY = frozenset({3906, 3908, 976, 978, 979, 982, 983})
"""The database takes no changes now, or is a replica that may not be read."""
LOGIN_REFUSED = frozenset({18456, 18452, 18470, 18486, 18487, 18488})
NOT_PERMITTED = frozenset({229, 230, 262, 297, 300, 916, 10082})
_FULL = frozenset({1101, 1105, 9002})
_LATER = frozenset({
    1204, DEADLOCK, LOCK_TIMED_OUT, 233, 596, 615, 701, 802, 921, 922, 927, 1221, 1807, 3960, 3961,
    3966, 4221, 6005, 8628, 8645, 8651, 9001, 10053, 10054, 10060, 10922, 10928, 10929, 14355,
    17142, 40143, 40197, 40501, 40540, 40613, 49918, 49919, 49920,
}) | READ_ONLY  # fmt: skip
"""Errors of what passes: a lock, a deadlock, a start, a move to another server, too much work."""
_CODES = {
    NO_DATABASE: "no_database",
    208: "no_table",
    2812: "no_procedure",
    **dict.fromkeys(LOGIN_REFUSED, "login_refused"),
    **dict.fromkeys(NOT_PERMITTED, "not_permitted"),
    **dict.fromkeys(_FULL, "disk_full"),
}
_RECORDS = frozenset({
    220, 232, 235, 241, 242, 244, 245, 248, 257, 295, 296, 298, 511, 513, 515, 517, 530, 544, 547,
    550, 2601, 2627, 2628, 3602, 3607, 3609, 8114, 8115, 8134, 8152, 8169, 8672, 13608, 13609,
    13610,
})  # fmt: skip
"""Errors of a value or of a row; all above 50000 are what a trigger or procedure raised."""
_XML = range(9400, 9500)
_OWN = 50_000
_CONFLICT, _PARENT = 547, "FOREIGN KEY constraint"
"""One number is for all constraints; of a key that is still referred to it says REFERENCE."""
CONSTRAINTS = frozenset({515, 544, 547, 550, 2601, 2627})
MAY_PASS = frozenset({547, 2601, 2627})
"""What needs another row first, or what another row still has."""
_COLUMN = re.compile(r"column '([^']+)'")
_PREFIX = re.compile(r"^(\[[^\]]*\]\s*)+")
_LATER_STATES = ("Timeout expired", "Connection timeout expired", "Communication link failure",
    "Client unable to establish connection", "Connection not open", "Serialization failure",
    "Connection failure during transaction", "Server rejected the connection", "General error",
    "Disconnect error", "Operation canceled", "Memory allocation error", "Function sequence error",
    "Statement completion unknown")  # fmt: skip
"""What the driver says of the line to the server, in words for its SQLSTATE."""
_TIMED_OUT = ("Timeout expired", "Connection timeout expired")
_BEFORE_2016 = 195
_OLD = frozenset({102, 208, _BEFORE_2016, 319})


class ServerError(Exception):
    """SQL Server refused a statement.

    Attributes:
        number: SQL Server's own, 0 where the driver did not tell it.
        words: what it said.
    """

    def __init__(self, number: int, words: str) -> None:
        super().__init__(words)
        self.number = number
        self.words = " ".join(words.split())


def is_of_the_line(error: BaseException) -> bool:
    """Tell whether a connection is of no more use: all but what the server said by its number."""
    return not isinstance(error, ServerError) or not error.number


def is_transient(error: BaseException) -> bool:
    """Tell whether the same call may succeed later."""
    if isinstance(error, ServerError) and error.number:
        return error.number in _LATER and error.number not in _FULL
    if isinstance(error, mssql_python.Error):
        return error.driver_error in _LATER_STATES
    return isinstance(error, OSError | TimeoutError)


def is_of_a_record(error: BaseException) -> bool:
    """Tell whether a write was refused for what a record is, and not for what every one meets."""
    if not isinstance(error, ServerError):
        return False
    return error.number in _RECORDS or error.number in _XML or error.number >= _OWN


def is_deadlock(error: BaseException) -> bool:
    """Tell whether SQL Server undid the statement, because another one waited for it."""
    return number_of(error) == DEADLOCK


def is_not_permitted(error: BaseException) -> bool:
    """Tell whether the user lacks a right."""
    return number_of(error) in NOT_PERMITTED


def may_pass(error: BaseException) -> bool:
    """Tell whether a record may be taken once another one was written."""
    return isinstance(error, ServerError) and error.number in MAY_PASS


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn errors of a whole call into the port's.

    Raises RetriableError where the server is away, busy, read-only, or asks to try again, and
    ConnectorError for login, permission, or a query that it does not take.
    """
    try:
        yield
    except (ServerError, mssql_python.Error, OSError, TimeoutError) as error:
        if is_certificate_refused(error):
            message = f"SQL Server: the server's certificate is refused: {words_of(error)}"
            raise refusal("certificate_refused", message) from error
        if is_transient(error):
            raise _later(error) from error
        raise refused_call(error) from error


def is_certificate_refused(error: BaseException) -> bool:
    """Tell whether the driver did not trust the server."""
    return "certificate" in words_of(error).lower() and isinstance(error, mssql_python.Error)


def check_loaded(error: mssql_python.Error) -> None:
    """Raise ConnectorError where the driver's own libraries could not be loaded."""
    if "Failed to load the driver" in words_of(error):
        message = (
            "a library of the system that SQL Server's driver needs is not installed: on Debian, "
            "`apt-get install libltdl7 libkrb5-3 libgssapi-krb5-2` where Syncline runs"
        )
        raise refusal("driver_missing", message) from error


def number_of(error: BaseException) -> int:
    """Return SQL Server's number of an error, 0 where it has none."""
    if isinstance(error, ServerError):
        return error.number
    refused = isinstance(error, mssql_python.Error) and (
        error.driver_error == "Invalid authorization specification"
    )
    if refused:
        return 18456
    return NO_DATABASE if "Cannot open database" in words_of(error) else 0


def _later(error: BaseException) -> RetriableError:
    words, number = f"SQL Server: {words_of(error)}", number_of(error)
    if number in READ_ONLY:
        return RetriableError(f"{words}: the server takes no changes now", code="read_only")
    late = isinstance(error, mssql_python.Error) and error.driver_error in _TIMED_OUT
    if late or isinstance(error, TimeoutError):
        return RetriableError(words, code="query_timeout")
    return RetriableError(words, code="source_unavailable")


def refused_call(error: BaseException, advice: str = "") -> ConnectorError:
    """Say why a call can never succeed as things are."""
    words, number = f"SQL Server: {words_of(error)}", number_of(error)
    if number in _FULL:
        advice = "free some space there"
    if number in _OLD and "openjson" in words.lower():
        advice = "SQL Server 2016 and a compatibility level of 130 or more are needed"
    message = f"{words}: {advice}, then run again or replay what failed" if advice else words
    return refusal(_CODES.get(number, "query_refused"), message)


def failure_of(error: BaseException) -> Failure:
    """Say why one record was refused, in SQL Server's own words."""
    words = words_of(error)
    found = _COLUMN.search(words)
    code = "constraint_violated" if number_of(error) in CONSTRAINTS else "value_refused"
    if number_of(error) == _CONFLICT and _PARENT in words:
        code = PARENT_MISSING
    return Failure(Category.PERMANENT, code, f"SQL Server: {words}", field=found and found[1])


def words_of(error: BaseException) -> str:
    """Return what was said, in one line and without the names of the driver's parts."""
    said = error.ddbc_error if isinstance(error, mssql_python.Error) else plain_words(error)
    words = _PREFIX.sub("", " ".join(str(said).split()))
    if not words and isinstance(error, mssql_python.Error):
        words = str(error.driver_error)
    return words[:500] or type(error).__name__
