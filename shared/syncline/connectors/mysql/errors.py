"""What MySQL's errors mean for a record and for a call. Spec section 3, Retry."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from asyncmy.errors import MySQLError

from syncline.connectors.errors import ConnectorError, refusal
from syncline.connectors.system_errors import plain_text, plain_words
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure, RetriableError

READ_ONLY = frozenset({1290, 1836})
"""The server takes no changes: a replica, or a failover. 1290 has other causes, all of the server's
options."""
IN_READ_ONLY = 1792
LOGIN_REFUSED = frozenset({1045, 1130, 1251, 1524, 1698, 1820, 1862, 2049, 2059, 3118, 4151})
NOT_PERMITTED = frozenset({1044, 1142, 1143, 1227, 1370, 1410})
NO_DATABASE = 1049
DEADLOCK = 1213
TIMED_OUT = frozenset({1969, 3024})
_LATER = frozenset({
    0, 1020, 1021, 1040, 1053, 1077, 1078, 1079, 1129, 1152, 1156, 1157, 1158, 1159, 1160, 1161,
    1184, 1203, 1205, 1213, 1226, 1317, 1412, 1615, 1637, 1689, 1927, 2002, 2003, 2006, 2013, 2014,
    2027, 2055, 3572,
}) | READ_ONLY | TIMED_OUT  # fmt: skip
"""Errors of what passes: a restart, a lock, a deadlock, a lost connection, too many of them."""
_FULL = frozenset({1114, 1021})
_CODES = {
    NO_DATABASE: "no_database",
    1146: "no_table",
    1051: "no_table",
    1305: "no_procedure",
    1060: "duplicate_column",
    **dict.fromkeys(LOGIN_REFUSED, "login_refused"),
    **dict.fromkeys(NOT_PERMITTED, "not_permitted"),
    **dict.fromkeys(_FULL, "disk_full"),
}
_OF_THE_CALL = frozenset(_CODES) | {
    1030, 1036, 1054, 1064, 1194, 1195, 1288, 1348, 1356, 1393, 1394, 1395, 1449, 1471, 1505, 1665,
    1906, 3105,
}  # fmt: skip
_CONSTRAINTS = frozenset({
    1048, 1062, 1216, 1217, 1364, 1369, 1451, 1452, 1526, 1586, 1761, 1762, 3819, 4025,
})  # fmt: skip
MAY_PASS = frozenset({1062, 1216, 1217, 1451, 1452, 1586})
"""What needs another row first, or what another row still has."""
_WITHOUT_PARENT = frozenset({1216, 1452})
_AT_ROW = re.compile(r" at row \d+")
_COLUMN = re.compile(r"(?:[Cc]olumn|[Ff]ield) [`'](?:[^`']*`\.`)*([^`']+)[`']")


def code_of(error: BaseException) -> int:
    """Return MySQL's number of an error, 0 where it has none: its connection is of no more use."""
    number = error.args[0] if isinstance(error, MySQLError) and error.args else 0
    return number if isinstance(number, int) else 0


def is_of_the_server(error: BaseException) -> bool:
    """Tell whether the server said it, so that the connection is as good as before.

    The driver's own numbers are those from 2000 on.
    """
    return code_of(error) // 1000 not in (0, 2)


def is_transient(error: BaseException, *, writes: bool = True) -> bool:
    """Tell whether the same call may succeed later.

    That a server takes no changes passes; that a query to read makes some does not.
    """
    if not isinstance(error, MySQLError):
        return isinstance(error, OSError | TimeoutError)
    code = code_of(error)
    return code in _LATER and (writes or code not in READ_ONLY) and code not in _FULL


def is_of_a_record(error: BaseException) -> bool:
    """Tell whether a write was refused for what a record is, and not for what every one meets."""
    return code_of(error) not in _OF_THE_CALL


def is_deadlock(error: BaseException) -> bool:
    """Tell whether the server undid the statement, because another one waited for it."""
    return code_of(error) == DEADLOCK


def is_not_permitted(error: BaseException) -> bool:
    """Tell whether the user lacks a right."""
    return code_of(error) in NOT_PERMITTED


def may_pass(error: BaseException) -> bool:
    """Tell whether a record may be taken once another one was written."""
    return code_of(error) in MAY_PASS


@contextmanager
def translated_errors(*, writes: bool = False) -> Iterator[None]:
    """Turn errors of a whole call, which writes or only reads, into the port's.

    Raises RetriableError where the server is away, busy, read-only, or asks to try again, and
    ConnectorError for login, permission, or a query that it does not take.
    """
    try:
        yield
    except RuntimeError as error:
        if "LOAD_LOCAL" not in str(error):
            raise
        message = "MySQL: the server asked for a file of this machine, which it never gets"
        raise refusal("local_file_asked", message) from error
    except (MySQLError, OSError, TimeoutError) as error:
        if isinstance(refused := certificate_error(error), ssl.SSLCertVerificationError):
            message = f"MySQL: the server's certificate is refused: {refused.verify_message}"
            raise refusal("certificate_refused", message) from error
        if is_transient(error, writes=writes):
            raise _later(error) from error
        raise refused_call(error) from error


def certificate_error(error: BaseException) -> BaseException | None:
    """Return the error of TLS behind one of the driver's, which tells it as a lost connection."""
    if isinstance(error, ssl.SSLError):
        return error
    return error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else None


def _later(error: BaseException) -> RetriableError:
    words, code = f"MySQL: {words_of(error)}", code_of(error)
    if code in READ_ONLY:
        return RetriableError(f"{words}: the server takes no changes now", code="read_only")
    if code in TIMED_OUT or isinstance(error, TimeoutError):
        return RetriableError(words, code="query_timeout")
    return RetriableError(words, code="source_unavailable")


def refused_call(error: BaseException, advice: str = "") -> ConnectorError:
    """Say why a call can never succeed as things are."""
    words, code = f"MySQL: {words_of(error)}", code_of(error)
    if code in _FULL:
        advice = "free some space there"
    if code == IN_READ_ONLY:
        advice = "what is read must change nothing"
    message = f"{words}: {advice}, then run again or replay what failed" if advice else words
    return refusal(_CODES.get(code, "query_refused"), message)


def failure_of(error: BaseException) -> Failure:
    """Say why one record was refused, in MySQL's own words."""
    words = words_of(error)
    found = _COLUMN.search(words)
    code = "constraint_violated" if code_of(error) in _CONSTRAINTS else "value_refused"
    if code_of(error) in _WITHOUT_PARENT:
        code = PARENT_MISSING
    return Failure(Category.PERMANENT, code, f"MySQL: {words}", field=found[1] if found else None)


def words_of(error: BaseException) -> str:
    """Return what was said, in one line; the place in a bulk tells nobody anything."""
    said = str(error.args[1]) if isinstance(error, MySQLError) and len(error.args) > 1 else ""
    words = _AT_ROW.sub("", plain_text(said) or plain_words(error))
    return words[:500] or type(error).__name__
