"""The PostgreSQL connector: what it can do, its connections, and how a call uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.forms import schema_beside
from syncline.connectors.port import (
    Capabilities,
    Check,
    Column,
    Connector,
    ConnectorError,
    ExtractRequest,
    LookupResult,
    Page,
    Surroundings,
    WriteBatch,
    WriteResult,
)
from syncline.connectors.postgresql import mappings, profile, testing
from syncline.connectors.postgresql.asking import shape_of
from syncline.connectors.postgresql.errors import translated
from syncline.connectors.postgresql.queries import table_name
from syncline.connectors.postgresql.reading import PageMaker
from syncline.connectors.postgresql.tables import Tables
from syncline.connectors.postgresql.window import columns_of, fetching_query, reading_query
from syncline.connectors.postgresql.writing import Upsert
from syncline.connectors.sql_text import deletion_key, table_problems
from syncline.domain.mapping.document import Extraction

_decode_json = msgspec.json.Decoder(float_hook=Decimal).decode
_OUT_OF_RANGE = (ValueError, OverflowError)
"""What the driver says of dates that Python has not: 44 BC, the year 12000, 24:00."""


class PostgresqlConnector(Connector):
    """One PostgreSQL database as its profile describes it."""

    capabilities = Capabilities(
        source=True, target=True, idempotent_upsert=True, bulk_size=5000, lookup=True,
        composite_key=True,
    )  # fmt: skip
    config_problems = staticmethod(profile.config_problems)
    extraction_problems = staticmethod(mappings.extraction_problems)
    target_problems = staticmethod(table_problems)

    @staticmethod
    def profile_schema() -> dict[str, Any]:
        """Return the JSON Schema of a profile."""
        return schema_beside(__package__ or "")

    def __init__(
        self, config: Mapping[str, Any], secrets: Mapping[str, str], _surroundings: Surroundings
    ) -> None:
        self._config = config
        self._secrets = secrets
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._tables = Tables()

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether records come by (cursor, ID): always, by the query's own `order by`."""
        return True

    async def close(self) -> None:
        """Let go of all connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    async def test(self) -> list[Check]:
        """Connect, log in, and look at the schema."""
        try:
            address = profile.address(self._config, self._secrets)
        except ConnectorError as error:
            return [Check("tls", ok=False, message=error.failure.message)]
        return await testing.checks(address, self._config.get("schema"))

    async def describe(self, name: str) -> list[Column]:
        """Return the columns of a table."""
        async with self._acquired() as connection:
            statement = await connection.prepare(f"select * from {table_name(name)}")
            return [Column(a.name, a.type.name) for a in statement.get_attributes()]

    async def extract(self, request: ExtractRequest) -> AsyncIterator[Page]:
        """Stream pages from one read-only snapshot, ordered by (cursor, ID)."""
        dates_as_text = False
        while True:
            try:
                async for page in self._stream(request, dates_as_text=dates_as_text):
                    left = None if request.limit is None else request.limit - len(page.ids)
                    request = msgspec.structs.replace(request, position=page.position, limit=left)
                    yield page
            except _OUT_OF_RANGE:
                if dates_as_text:
                    raise
                dates_as_text = True
            else:
                return

    async def _stream(self, request: ExtractRequest, *, dates_as_text: bool) -> AsyncIterator[Page]:
        with translated():
            connection = await asyncpg.connect(**profile.address(self._config, self._secrets))
            try:
                await _prepare(connection)
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    shape = await shape_of(connection, request.extraction)
                    position = msgspec.json.decode(request.position) if request.position else None
                    query = reading_query(request, shape, position, dates_as_text=dates_as_text)
                    if request.limit is not None:
                        query.sql += f" limit {request.limit:d}"
                    maker = PageMaker(request.extraction, columns_of(request.extraction, shape))
                    rows_of = await connection.cursor(query.sql, *query.values)
                    while rows := await rows_of.fetch(request.page_size):
                        yield maker.page(rows)
            finally:
                connection.terminate()

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> Page:
        """Read just these records."""
        wanted = [i for i in ids if "\0" not in i]
        for typed, dates_as_text in ((True, False), (False, False), (True, True), (False, True)):
            try:
                return await self._fetch(
                    extraction, wanted, typed=typed, dates_as_text=dates_as_text
                )
            except asyncpg.DataError:
                continue  # an ID that is none of the column's type exists nowhere
            except _OUT_OF_RANGE:
                continue
        return Page([], [], [], "")

    async def _fetch(
        self, extraction: Extraction, ids: list[str], *, typed: bool, dates_as_text: bool
    ) -> Page:
        await self.pace()
        async with self._acquired(passing=asyncpg.DataError) as connection:
            async with connection.transaction(readonly=True):
                shape = await shape_of(connection, extraction)
                query = fetching_query(
                    extraction, shape, ids, typed=typed, dates_as_text=dates_as_text
                )
                rows = await connection.fetch(query.sql, *query.values)
            if not rows:
                return Page([], [], [], "")
            return PageMaker(extraction, columns_of(extraction, shape)).page(rows)

    async def lookup(self, batch: WriteBatch) -> LookupResult:
        """Return the keys that the target table has."""
        async with self._acquired() as connection:
            table = await self._tables.of(connection, batch.options, batch.match_key)
            return LookupResult(await table.existing(connection, batch.payloads))

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Upsert a bulk on the match key."""
        async with self._acquired() as connection:
            table = await self._tables.of(connection, batch.options, batch.match_key)
            return await Upsert(connection, table, self.pace).write(batch)

    async def delete(self, target_ids: Sequence[str], options: Mapping[str, Any]) -> WriteResult:
        """Delete rows by key; one that is not there counts as deleted."""
        async with self._acquired() as connection:
            table = await self._tables.of(connection, options, deletion_key(options))
            await table.delete(connection, list(target_ids))
        return WriteResult(list(target_ids))

    @asynccontextmanager
    async def _acquired(
        self, *, passing: type[BaseException] | tuple[()] = ()
    ) -> AsyncIterator[asyncpg.Connection]:
        with translated(passing):
            async with self._opening:
                if self._pool is None:
                    address = profile.address(self._config, self._secrets)
                    self._pool = await asyncpg.create_pool(
                        **address, min_size=0, max_size=10, init=_prepare
                    )
            async with self._pool.acquire() as connection:
                yield connection


async def _prepare(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=str, decoder=_decode_json, schema="pg_catalog", format="text"
        )
