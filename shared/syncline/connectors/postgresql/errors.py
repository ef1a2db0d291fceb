"""What PostgreSQL's errors mean for a record and for a call. Spec section 3, Retry."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from syncline.connectors.errors import refusal
from syncline.connectors.port import ConnectorError
from syncline.connectors.system_errors import plain_words
from syncline.domain.chain import PARENT_MISSING
from syncline.domain.errors import Category, Failure, RetriableError

TRANSIENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's word when the server ended the connection in use
    OSError,
    TimeoutError,
)
OF_DRIVER = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""All that a call of the driver may raise."""


LOGIN_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError)
READ_ONLY = "25006"
_LATER = frozenset({
    "25P03", "25P04", "40001", "40002", "40003", "40P01", "55006", "55P03",
    "57014", "57P01", "57P02", "57P03", "57P05", "58000", "58030", "XX000",
})  # fmt: skip
"""SQLSTATEs of what passes: a failover, a restart, a lock, a deadlock, a table being altered."""
_LATER_CLASSES = frozenset({"08", "53"})
_FULL = "53100"
_CODES = {
    "3D000": "no_database",
    "42501": "not_permitted",
    "42P01": "no_table",
    "3F000": "no_schema",
    _FULL: "disk_full",
}
_OTHER_SERVER = frozenset({READ_ONLY, "25P03", "57P01", "57P02", "57P03", "57P05"})
"""SQLSTATEs after which a connection, and those opened beside it, may lead to the wrong place."""
_CALL_CLASSES = frozenset({
    "0A", "0L", "0P", "25", "26", "28", "34", "3B", "3D", "3F", "42", "55", "57", "58", "F0", "HV",
    "XX",
})  # fmt: skip
_RAISED = frozenset({"exec_stmt_raise", "exec_stmt_assert"})
_ROW_SECURITY = "ExecWithCheckOptions"
_CONSTRAINT = asyncpg.IntegrityConstraintViolationError


def is_transient(error: BaseException, *, writes: bool = True) -> bool:
    """Tell whether the same call may succeed later.

    That a server takes no changes passes; that a query to read makes some does not.
    """
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        if _is_raised(error):
            return state[:2] == "40"
        if state == READ_ONLY:
            return writes
        return state != _FULL and (state in _LATER or state[:2] in _LATER_CLASSES)
    return isinstance(error, TRANSIENT)


def is_stale(error: BaseException) -> bool:
    """Tell whether the connection that met an error must not be used again."""
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return not _is_raised(error) and (state in _OTHER_SERVER or state[:2] == "08")
    ended = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
    return isinstance(error, ended)


def _is_raised(error: asyncpg.PostgresError) -> bool:
    """Tell whether a function in PL/pgSQL raised it, which may use any SQLSTATE."""
    return getattr(error, "server_source_function", None) in _RAISED


def is_row_security(error: BaseException) -> bool:
    """Tell whether row-level security refused a row."""
    function = getattr(error, "server_source_function", None)
    return function == _ROW_SECURITY and getattr(error, "sqlstate", None) == "42501"


def is_of_the_call(error: asyncpg.PostgresError) -> bool:
    """Tell whether an error on writing would meet every record: rights, table, disk.

    What a trigger raises by itself is a record's, whatever its SQLSTATE.
    """
    if _is_raised(error) or is_row_security(error):
        return False
    state = error.sqlstate or ""
    return state == _FULL or state[:2] in _CALL_CLASSES


@contextmanager
def translated_errors(*, writes: bool = False) -> Iterator[None]:
    """Turn errors of a whole call, which writes or only reads, into the port's.

    Raises RetriableError where the server is away, busy, read-only, or asks to try again, and
    ConnectorError for login, permission, or a query that it does not take.
    """
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        message = f"PostgreSQL: the server's certificate is refused: {error.verify_message}"
        raise refusal("certificate_refused", message) from error
    except (*TRANSIENT, asyncpg.PostgresError) as error:
        if is_transient(error, writes=writes):
            raise _later(error) from error
        raise refused_call(error) from error


def _later(error: BaseException) -> RetriableError:
    words = f"PostgreSQL: {words_of(error)}"
    if getattr(error, "sqlstate", None) == READ_ONLY:
        words += ": the server, or this database, takes no changes now"
        return RetriableError(words, code="read_only")
    return RetriableError(words, code="source_unavailable")


def refused_call(error: BaseException, advice: str = "") -> ConnectorError:
    """Say why a call can never succeed as things are."""
    words, state = f"PostgreSQL: {words_of(error)}", getattr(error, "sqlstate", None) or ""
    if state == _FULL:
        advice = "free some space there"
    message = f"{words}: {advice}, then run again or replay what failed" if advice else words
    refused = isinstance(error, LOGIN_REFUSED)
    code = "login_refused" if refused else _CODES.get(state, "query_refused")
    return refusal(code, message, detail=_detail(error))


def failure_of(error: asyncpg.PostgresError) -> Failure:
    """Say why one record was refused, in PostgreSQL's own words."""
    column = getattr(error, "column_name", None)
    return Failure(
        Category.PERMANENT,
        _code_of(error),
        f"PostgreSQL: {words_of(error)}",
        _detail(error),
        column,
    )


def _code_of(error: asyncpg.PostgresError) -> str:
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return PARENT_MISSING
    return "constraint_violated" if isinstance(error, _CONSTRAINT) else "value_refused"


def words_of(error: BaseException) -> str:
    """Return the first line of what was said."""
    if isinstance(error, OSError):
        return plain_words(error)[:500] or type(error).__name__
    return (str(error).splitlines() or [type(error).__name__])[0][:500] or type(error).__name__


def _detail(error: BaseException) -> str | None:
    parts = [getattr(error, name, None) for name in ("detail", "hint", "context")]
    return "\n".join(part for part in parts if part)[:2000] or None
