"""The PostgreSQL connector: what it can do, its connections, and how a call uses them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import cast

import asyncpg
import msgspec

from syncline.connectors import port
from syncline.connectors.addresses import AllowedAddresses, Resolve
from syncline.connectors.errors import ConnectorError
from syncline.connectors.postgresql.connection import Opener
from syncline.connectors.postgresql.errors import (
    LOGIN_REFUSED,
    OF_DRIVER,
    is_stale,
    translated_errors,
    words_of,
)
from syncline.connectors.postgresql.json_codec import set_json_codecs
from syncline.connectors.postgresql.settings import PostgresqlSettings
from syncline.connectors.postgresql.source import open_writers, shape
from syncline.connectors.postgresql.source.fetch import fetch_records
from syncline.connectors.postgresql.source.open_writers import blindness
from syncline.connectors.postgresql.source.pages import read_pages
from syncline.connectors.postgresql.source.reading_connections import ReadingConnections
from syncline.connectors.postgresql.target.catalog import Catalog
from syncline.connectors.postgresql.target.direct_copy import DirectCopy
from syncline.connectors.postgresql.target.table import table_of
from syncline.connectors.postgresql.target.upsert import Upsert
from syncline.connectors.settings import TARGET, read, read_profile
from syncline.connectors.sql.connector import SqlConnector, TableTarget
from syncline.connectors.sql.server import CONNECT_LIMIT, PASSED, ServerSecrets, failed_check
from syncline.connectors.sql.wait_limit import WaitLimit
from syncline.domain.mapping.extraction import Extraction, ExtractionMode


class PostgresqlConnector(SqlConnector):
    """One PostgreSQL database as its profile describes it."""

    title = "PostgreSQL"
    about = "Tables, SQL and procedures of a PostgreSQL database."
    profile_settings = PostgresqlSettings
    profile_secrets = ServerSecrets
    modes = (ExtractionMode.CONFIG, ExtractionMode.SQL, ExtractionMode.PROCEDURE)
    slices = True
    capabilities = msgspec.structs.replace(
        SqlConnector.capabilities, reads_lines=True, on_create=True
    )

    def __init__(
        self,
        config: Mapping[str, object],
        secrets: Mapping[str, str],
        surroundings: port.Surroundings,
        resolver: Resolve | None = None,
    ) -> None:
        self._settings = read_profile(PostgresqlSettings, config)
        allowed = AllowedAddresses.of(surroundings, resolver)
        self._opener = Opener(self._settings, secrets.get("password"), allowed)
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._catalog = Catalog()
        self._direct_copy = DirectCopy()
        self._reading = ReadingConnections(partial(self._opener.open, open_writers.READING))

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the server, the database, and the table in it."""
        own = read_profile(PostgresqlSettings, config)
        table = "" if target is None else read(TableTarget, target, TARGET).table
        if own.search_schema and table and "." not in table:
            table = f"{own.search_schema}.{table}"
        return "/".join(filter(None, (f"{own.host.lower()}:{own.port}", own.database, table)))

    async def close(self) -> None:
        """Let go of all connections."""
        self._reading.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    async def test(self) -> list[port.Check]:
        """Connect, log in, and look at the schema."""
        return await _checks(self._opener, self._settings.search_schema)

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]:
        """Return the columns of a table or query, with their types; nothing is run."""
        async with self._acquired() as connection:
            return await shape.columns(connection, extraction)

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages from a read-only snapshot, ordered by (cursor, ID).

        Where pages are not taken for long, the rest comes from a new snapshot.
        """
        position, patience = request.position, self._settings.statement_timeout
        with translated_errors():
            while True:
                connection = await self._reading.take()
                limit = WaitLimit(connection.terminate)
                part = msgspec.structs.replace(request, position=position)
                try:
                    async with aclosing(read_pages(connection, part, patience)) as pages:
                        async for page in pages:
                            position = page.position
                            with limit.waiting():
                                yield page
                            if limit.is_over:
                                break
                except BaseException:  # also where nobody wants the rest
                    self._reading.drop(connection)
                    raise
                if not limit.is_over:
                    await self._reading.keep(connection)
                    return
                self._reading.drop(connection)

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records, and say which were asked for in another spelling."""
        async with self._acquired() as connection:
            return await fetch_records(connection, extraction, ids)

    async def late_commits(self, extraction: Extraction) -> str | None:
        """Say why rows that are committed late could be passed over, and the remedy."""
        if extraction.cursor_column is None or extraction.lookback:
            return None
        async with self._acquired() as connection:
            return await open_writers.blindness(connection)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Return the keys that the target table has."""
        async with self._acquired() as connection:
            table = await table_of(connection, self._catalog, batch.options, batch.match_key)
            return port.LookupResult(await table.existing(connection, batch.payloads))

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Upsert a bulk on the match key."""
        async with self._acquired(writes=True) as connection:
            key, on_create = batch.match_key, batch.on_create
            table = await table_of(connection, self._catalog, batch.options, key, on_create)
            return await Upsert(connection, table, self.pace, self._direct_copy).write(batch)

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Delete rows by key; one that is not there counts as deleted."""
        async with self._acquired(writes=True) as connection:
            key = read(TableTarget, options, TARGET).key
            table = await table_of(connection, self._catalog, options, key)
            await table.delete(connection, list(target_ids))
        return port.WriteResult(list(target_ids))

    @asynccontextmanager
    async def _acquired(self, *, writes: bool = False) -> AsyncIterator[asyncpg.Connection]:
        with translated_errors(writes=writes):
            async with self._opening:
                if self._pool is None:
                    self._pool = await asyncpg.create_pool(
                        connect=self._opener.open_in_pool,
                        min_size=0,
                        max_size=10,
                        init=set_json_codecs,
                    )
            pool = self._pool
            try:
                async with pool.acquire() as connection:
                    yield cast("asyncpg.Connection", connection)  # its proxy has all that it has
            except BaseException as error:
                self._catalog.forget()
                if is_stale(error):  # after a failover all of them may lead to the old server
                    await pool.expire_connections()
                raise


async def _checks(opener: Opener, schema: str) -> list[port.Check]:
    """Connect, log in, and look at the schema and the role's rights."""
    try:
        async with asyncio.timeout(CONNECT_LIMIT):
            connection = await opener.open()
            try:
                return await _inside(connection, schema)
            finally:
                connection.terminate()
    except ConnectorError as error:
        part = "host" if error.failure.code == "address_not_allowed" else "tls"
        return [port.Check(part, ok=False, message=error.failure.message)]
    except OF_DRIVER as error:
        words = words_of(error) if str(error) else f"no answer within {CONNECT_LIMIT} s"
        return failed_check(_part(error), words)


async def _inside(connection: asyncpg.Connection, schema: str) -> list[port.Check]:
    version = await connection.fetchval("show server_version")
    if schema and not await connection.fetchval("select to_regnamespace($1)", f'"{schema}"'):
        return failed_check("data", f"there is no schema {schema!r}")
    passed = [*PASSED, port.Check("data", ok=True, message=f"PostgreSQL {version}")]
    if await connection.fetchval("select rolsuper from pg_roles where rolname = current_user"):
        message = "the user is a superuser; one with just the rights it needs is safer"
        passed.append(port.Check("permission", ok=True, message=message))
    if (blind := await blindness(connection)) is not None:
        passed.append(port.Check("permission", ok=True, message=blind))
    return passed


def _part(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError) or "SSL" in str(error):
        return "tls"
    if isinstance(error, LOGIN_REFUSED):
        return "login"
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return "data"
    return "permission" if isinstance(error, asyncpg.InsufficientPrivilegeError) else "host"
