"""A pool of connections whose outages come out as RetriableError.

jsonb columns take and give plain values, uuid columns canonical text (docs/decisions/0039).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from asyncpg.pgproto import pgproto

from syncline.domain.errors import InvalidInputError, NotFoundError, Problem, RetriableError
from syncline.domain.naming import shown
from syncline.postgres.database.primary import connect

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection of the pool: what is written through it belongs to its user's transaction."""
Row: TypeAlias = asyncpg.Record

_json = msgspec.json.Encoder(decimal_format="number")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_AWAY = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises without a word of the server."""
_OUTAGE_CLASSES = frozenset({"08", "28", "3D", "40", "53", "55", "57", "58", "XX"})
"""Classes of SQLSTATE that are about the server, its disk, its locks or our login to it, and never
about a statement: they pass, by themselves or by what an operator does."""
_OUTAGE_STATES = frozenset({"25006", "25P03", "25P04"})
"""Read-only (after a fail-over, say), and transactions that were ended from outside."""
ACQUIRE_WITHIN = 30.0
"""Seconds that a caller waits for a connection of the pool."""
PATIENCE = {
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "120s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
}
"""A row that somebody has locked ends in another try, and not in a partition that stands; a process
that hangs inside a transaction lets go of what it locked, and so does a machine that was lost."""
_PLANNING = {"plan_cache_mode": "force_custom_plan"}
"""A plan that was made while the ledger was empty scans it whole when it is not."""


_UNSTORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn outages of the database into RetriableError; anything else is a bug and stays one.

    Text that PostgreSQL cannot hold is wrong input; an ID that is no UUID is the ID of nothing.
    """
    try:
        yield
    except _UNSTORABLE:
        raise InvalidInputError([Problem("$", "text must not hold NUL characters")]) from None
    except asyncpg.DataError as error:
        if isinstance(error.__cause__, NotFoundError):  # of `_encode_uuid`
            raise error.__cause__ from None
        raise
    except _AWAY as error:
        raise _unavailable("did not answer", error) from error
    except asyncpg.InvalidCachedStatementError as error:  # the driver forgets what it had prepared
        raise _unavailable("has just got a newer schema", error) from error
    except asyncpg.PostgresError as error:
        if not is_outage(error):
            raise
        raise _unavailable("cannot work now", error) from error


def is_outage(error: asyncpg.PostgresError) -> bool:
    """Tell whether the server cannot do now what it may do later, as its SQLSTATE says."""
    state = error.sqlstate or ""
    return state[:2] in _OUTAGE_CLASSES or state in _OUTAGE_STATES


def _unavailable(how: str, error: Exception) -> RetriableError:
    words = f"PostgreSQL {how}: {str(error) or type(error).__name__}"
    return RetriableError(words, code="database_unavailable")


def _encode_jsonb(value: object) -> bytes:
    return b"\x01" + _json.encode(value)  # version 1 of jsonb's wire format; COPY needs it


def _decode_jsonb(value: bytes) -> object:
    return _decode(value[1:])


_parsed = pgproto.UUID  # the driver's own: several times as fast as `uuid.UUID`


def _encode_uuid(value: str | UUID) -> bytes:
    if not isinstance(value, str):
        return value.bytes
    try:
        return _parsed(value).bytes
    except ValueError:
        raise NotFoundError(f"nothing has the ID {shown(value)}: it is not a UUID") from None


def _decode_uuid(value: bytes) -> str:
    return str(_parsed(value))


async def _keep_as_it_is(_connection: asyncpg.Connection) -> None:
    """Reset nothing between two uses: no statement of ours leaves anything in its session.

    The driver's own reset costs every use of a connection a round trip of its own.
    """


async def _prepare(connection: asyncpg.Connection) -> None:
    for name, encoder, decoder in (
        ("jsonb", _encode_jsonb, _decode_jsonb),
        ("uuid", _encode_uuid, _decode_uuid),
    ):
        await connection.set_type_codec(
            name, encoder=encoder, decoder=decoder, schema="pg_catalog", format="binary"
        )


class Database:
    """The product's own database."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection inside one transaction.

        Raises:
            RetriableError: the database is away, or asks to try again; nothing was committed,
                unless the connection broke during the commit itself.
        """
        with translated():
            async with self._acquired() as connection, connection.transaction():
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection; every statement commits by itself. Raises RetriableError."""
        with translated():
            async with self._acquired() as connection:
                yield connection

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """Return all rows. Raises RetriableError."""
        with translated():
            async with self._acquired() as connection:
                return await connection.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: object) -> Row | None:
        """Return the first row or None. Raises RetriableError."""
        with translated():
            async with self._acquired() as connection:
                return await connection.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:  # noqa: ANN401 - a column
        """Return the first column of the first row, or None. Raises RetriableError."""
        with translated():
            async with self._acquired() as connection:
                return await connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        """Run one statement and return how many rows it touched. Raises RetriableError."""
        with translated():
            async with self._acquired() as connection:
                return rows_touched(await connection.execute(sql, *values))

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_WITHIN)
        except TimeoutError as error:
            words = f"no connection became free within {ACQUIRE_WITHIN:g} s"
            raise _unavailable("did not answer", TimeoutError(words)) from error
        try:
            yield connection
        finally:
            await self._pool.release(connection)


class Repository:
    """Reads and writes the rows of one subject. Every method may raise RetriableError."""

    def __init__(self, database: Database) -> None:
        self._database = database


Queryable: TypeAlias = "Database | Connection"
"""What rows can be fetched from: by itself, or inside the caller's transaction."""


def rows_touched(tag: str) -> int:
    """Read from the answer to a statement, such as `UPDATE 3`, how many rows it touched."""
    count = tag.rsplit(" ", 1)[-1]
    return int(count) if count.isdigit() else 0


@asynccontextmanager
async def open_database(
    dsn: str,
    *,
    size: int = 4,
    name: str = "syncline",
    connection_class: type[asyncpg.Connection] = asyncpg.Connection,
    setup: Callable[[Connection], Coroutine[object, object, None]] | None = None,
) -> AsyncIterator[Database]:
    """Open a pool of up to `size` connections and close it at the end. Raises RetriableError.

    Args:
        setup: called with a connection before each use.
    """
    with translated():
        pool = await asyncpg.create_pool(
            dsn,
            connect=connect,
            min_size=1,
            max_size=size,
            command_timeout=60,
            init=_prepare,
            reset=_keep_as_it_is,
            setup=setup,
            connection_class=connection_class,
            server_settings={"application_name": name, "timezone": "UTC", **_PLANNING, **PATIENCE},
        )
    try:
        yield Database(pool)
    finally:
        pool.terminate()
