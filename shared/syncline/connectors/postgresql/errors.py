"""What PostgreSQL's errors mean for a record and for a call. Spec section 3, Retry."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from syncline.connectors.port import ConnectorError
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
    OSError,
    TimeoutError,
)


LOGIN_REFUSED = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError)


@contextmanager
def translated(passing: type[BaseException] | tuple[()] = ()) -> Iterator[None]:
    """Turn errors of a whole call into the port's.

    Args:
        passing: errors that the caller understands itself.

    Raises:
        RetriableError: the server is away, busy, or asks to try again.
        ConnectorError: login, permission, or a query it does not take.
    """
    try:
        yield
    except passing:
        raise
    except ssl.SSLCertVerificationError as error:
        message = f"PostgreSQL: the server's certificate is refused: {error.verify_message}"
        failure = Failure(Category.PERMANENT, "certificate_refused", message)
        raise ConnectorError(failure) from error
    except TRANSIENT as error:
        raise RetriableError(f"PostgreSQL: {_words(error)}", code="source_unavailable") from error
    except asyncpg.PostgresError as error:
        raise ConnectorError(_refusal(error)) from error


def _refusal(error: asyncpg.PostgresError) -> Failure:
    words = f"PostgreSQL: {_words(error)}"
    return Failure(Category.PERMANENT, _code(error), words, _detail(error))


def _code(error: asyncpg.PostgresError) -> str:
    if isinstance(error, LOGIN_REFUSED):
        return "login_refused"
    return "no_database" if isinstance(error, asyncpg.InvalidCatalogNameError) else "query_refused"


def failure_of(error: asyncpg.PostgresError) -> Failure:
    """Say why one record was refused, in PostgreSQL's own words."""
    column = getattr(error, "column_name", None)
    return Failure(
        Category.PERMANENT,
        "constraint_violated" if isinstance(error, _CONSTRAINT) else "value_refused",
        f"PostgreSQL: {_words(error)}",
        _detail(error),
        column,
    )


_CONSTRAINT = asyncpg.IntegrityConstraintViolationError


def _words(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:500] or type(error).__name__


def _detail(error: asyncpg.PostgresError) -> str | None:
    parts = [getattr(error, name, None) for name in ("detail", "hint", "context")]
    return "\n".join(part for part in parts if part)[:2000] or None
