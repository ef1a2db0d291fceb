"""The PostgreSQL connector: what it can do, its connections, and its tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from syncline.connectors.port import (
    Capabilities,
    Check,
    Column,
    ConnectorError,
    ExtractRequest,
    Page,
    Surroundings,
    WriteBatch,
    WriteResult,
)
from syncline.connectors.postgresql.asking import fetch, types_of
from syncline.connectors.postgresql.errors import translated
from syncline.connectors.postgresql.queries import (
    base_query,
    bind_names,
    quoted,
    window,
)
from syncline.connectors.postgresql.reading import PageMaker
from syncline.connectors.postgresql.writing import Table, Upsert
from syncline.domain.errors import Category, Failure, Problem
from syncline.domain.mapping.document import Extraction, ExtractionMode

_decode_json = msgspec.json.Decoder(float_hook=Decimal).decode
_KEYS = {
    "host": str, "port": int, "database": str, "user": str, "schema": str, "sslmode": str,
    "sslrootcert": str, "statementTimeout": int,
}  # fmt: skip
TEST_LIMIT = 10


class PostgresqlConnector:
    """One PostgreSQL database as its profile describes it."""

    capabilities = Capabilities(
        source=True,
        target=True,
        idempotent_upsert=True,
        bulk_size=5000,
        lookup=True,
    )

    def __init__(
        self, config: Mapping[str, Any], secrets: Mapping[str, str], _surroundings: Surroundings
    ) -> None:
        self._config = config
        self._secrets = secrets
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._tables: dict[tuple[str, str], Table] = {}

    @classmethod
    def config_problems(
        cls, config: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> list[Problem]:
        """Name every mistake of a profile's settings."""
        problems = [
            Problem(f"$.config.{name}", f"unknown setting; known: {', '.join(sorted(_KEYS))}")
            for name in sorted(config.keys() - _KEYS.keys())
        ]
        problems += [
            Problem(f"$.config.{name}", f"must be {kind.__name__}")
            for name, kind in _KEYS.items()
            if name in config and not isinstance(config[name], kind)
        ]
        problems += [
            Problem(f"$.config.{name}", "is required")
            for name in ("host", "database", "user")
            if not config.get(name)
        ]
        problems += [
            Problem(f"$.secrets.{name}", "unknown secret; known: password")
            for name in sorted(secrets.keys() - {"password"})
        ]
        return problems

    @classmethod
    def mapping_problems(
        cls, extraction: Extraction | None, target: Mapping[str, Any] | None
    ) -> list[Problem]:
        """Name every mistake in the parts of a mapping this connector reads."""
        problems = []
        if extraction is not None and extraction.mode is ExtractionMode.API:
            problems.append(
                Problem("$.extraction.mode", "PostgreSQL reads config, sql or procedure")
            )
        if target is not None and not isinstance(target.get("table"), str):
            problems.append(
                Problem("$.transformation.target.table", "is required: the table to write")
            )
        return problems

    def capabilities_for(self, options: Mapping[str, Any]) -> Capabilities:
        """Return what it can do; the same for every mapping."""
        return self.capabilities

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Every query is ordered by cursor and ID."""
        return True

    async def close(self) -> None:
        """Let go of all connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()

    async def test(self) -> list[Check]:
        """Connect, log in, and look at the schema."""
        try:
            async with asyncio.timeout(TEST_LIMIT):
                connection = await asyncpg.connect(**self._address())
        except (
            asyncpg.InvalidPasswordError,
            asyncpg.InvalidAuthorizationSpecificationError,
        ) as error:
            return [
                Check("host", ok=True, message="reached"),
                Check("login", ok=False, message=str(error)),
            ]
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            return [Check("host", ok=False, message=str(error) or "no answer within 10 s")]
        try:
            version = await connection.fetchval("show server_version")
            return [
                Check("host", ok=True, message="reached"),
                Check("login", ok=True, message=f"PostgreSQL {version}"),
            ]
        finally:
            connection.terminate()

    async def describe(self, name: str) -> list[Column]:
        """Return the columns of a table."""
        async with self._acquired() as connection:
            statement = await connection.prepare(f"select * from {quoted(name)}")
            return [Column(a.name, a.type.name) for a in statement.get_attributes()]

    async def extract(self, request: ExtractRequest) -> AsyncIterator[Page]:
        """Stream pages from one read-only snapshot, ordered by (cursor, ID)."""
        with translated():
            connection = await asyncpg.connect(**self._address())
            try:
                await _prepare(connection)
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    async for page in self._pages(connection, request):
                        yield page
            finally:
                connection.terminate()

    async def _pages(
        self, connection: asyncpg.Connection, request: ExtractRequest
    ) -> AsyncIterator[Page]:
        extraction = request.extraction
        types = await types_of(connection, extraction)
        query = base_query(extraction, types)
        cursor_type = types.get(extraction.cursor_column or "", "text")
        bind_names(query, extraction, request.after, cursor_type, None)
        position = msgspec.json.decode(request.position) if request.position else None
        window(query, extraction, types, after=request.after, position=position)
        maker = PageMaker(extraction, types)
        rows_of = await connection.cursor(query.sql, *query.values)
        while rows := await rows_of.fetch(request.page_size):
            yield maker.page(rows)

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> Page:
        """Read just these records."""
        async with self._acquired() as connection, connection.transaction(readonly=True):
            types = await types_of(connection, extraction)
            wanted = list(ids)
            try:
                async with connection.transaction():
                    rows = await fetch(
                        connection, extraction, types, wanted, types[extraction.id_column]
                    )
            except asyncpg.DataError:  # an ID that is none of the column's type exists nowhere
                rows = await fetch(connection, extraction, types, wanted, None)
            if not rows:
                return Page([], [], [], "")
            return PageMaker(extraction, types).page(rows)

    async def lookup(self, batch: WriteBatch) -> list[str | None]:
        """Return the keys that the target table has."""
        async with self._acquired() as connection:
            table = await self._table(connection, batch)
            keys = [str(msgspec.json.decode(p).get(table.key)) for p in batch.payloads]
            rows = await connection.fetch(
                f"select {quoted(table.key)}::text from {table.name} "
                f"where {quoted(table.key)}::text = any($1::text[])",
                keys,
            )
            found = {row[0] for row in rows}
            return [key if key in found else None for key in keys]

    async def write(self, batch: WriteBatch) -> WriteResult:
        """Upsert a bulk on the match key."""
        async with self._acquired() as connection:
            table = await self._table(connection, batch)
            return await Upsert(connection, table).write(batch)

    async def delete(self, target_ids: Sequence[str], options: Mapping[str, Any]) -> WriteResult:
        """Delete rows by key; one that is not there counts as deleted."""
        key, table = str(options.get("key", "id")), quoted(str(options["table"]))
        async with self._acquired() as connection:
            await connection.execute(
                f"delete from {table} where {quoted(key)}::text = any($1::text[])", list(target_ids)
            )
        return WriteResult(list(target_ids))

    async def _table(self, connection: asyncpg.Connection, batch: WriteBatch) -> Table:
        name, key = str(batch.options["table"]), batch.match_key
        if key is None:
            failure = Failure(Category.PERMANENT, "no_match_key", "the mapping has no matchKey")
            raise ConnectorError(failure)
        known = self._tables.get((name, key))
        if known is None:
            statement = await connection.prepare(f"select * from {quoted(name)}")
            columns = frozenset(a.name for a in statement.get_attributes())
            known = self._tables[name, key] = Table(quoted(name), columns, key)
        return known

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[asyncpg.Connection]:
        with translated():
            async with self._opening:
                if self._pool is None:
                    self._pool = await asyncpg.create_pool(
                        **self._address(), min_size=0, max_size=10, init=_prepare
                    )
            async with self._pool.acquire() as connection:
                yield connection

    def _address(self) -> dict[str, Any]:
        config = self._config
        settings = {
            "application_name": "syncline",
            "timezone": "UTC",
            "statement_timeout": str(config.get("statementTimeout", 300) * 1000),
        }
        if "schema" in config:
            settings["search_path"] = quoted(config["schema"])
        return {
            "host": config["host"],
            "port": config.get("port", 5432),
            "database": config["database"],
            "user": config["user"],
            "password": self._secrets.get("password"),
            "ssl": config.get("sslmode", "prefer"),
            "server_settings": settings,
            "timeout": TEST_LIMIT,
            "command_timeout": config.get("statementTimeout", 300) + 10,
        }


async def _prepare(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=str, decoder=_decode_json, schema="pg_catalog", format="text"
        )
