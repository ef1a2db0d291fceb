"""The SQLite connector: what it can do, and its calls, each in a thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TypeVar

import msgspec

from syncline.connectors import port
from syncline.connectors.settings import TARGET, read, read_profile
from syncline.connectors.sql.connector import SqlConnector, TableTarget
from syncline.connectors.sql.match_keys import key_parts, of_target_id, to_target_id
from syncline.connectors.sql.text import identifier
from syncline.connectors.sqlite.database import (
    NotUnicodeError,
    SqliteFile,
    SqliteSettings,
    columns_of,
    translated_errors,
)
from syncline.connectors.sqlite.reader import SqliteReader, fetch_records, names_of
from syncline.connectors.sqlite.tables import table_of
from syncline.connectors.sqlite.upsert import upsert
from syncline.domain.columns import Columns
from syncline.domain.errors import FailureError
from syncline.domain.mapping.extraction import Extraction, ExtractionMode
from syncline.domain.record import Record

T = TypeVar("T")
_payload = msgspec.json.Decoder(Record).decode


class SqliteConnector(SqlConnector):
    """One SQLite file as its profile describes it."""

    title = "SQLite"
    about = "Tables and SQL of a SQLite file."
    profile_settings = SqliteSettings
    capabilities = msgspec.structs.replace(SqlConnector.capabilities, on_create=True)
    modes = (ExtractionMode.CONFIG, ExtractionMode.SQL)
    quoted = staticmethod(identifier)
    tables_sql = (
        "select name from sqlite_master "
        "where type in ('table', 'view') and substr(name, 1, 7) <> 'sqlite_'"
    )

    def __init__(
        self,
        config: Mapping[str, object],
        _secrets: Mapping[str, str],
        surroundings: port.Surroundings,
    ) -> None:
        self._file = SqliteFile(read_profile(SqliteSettings, config), surroundings)
        self._writing = asyncio.Lock()

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the file, and the table in it."""
        file = str(read_profile(SqliteSettings, config).file)
        return file if target is None else f"{file}/{read(TableTarget, target, TARGET).table}"

    async def late_commits(self, extraction: Extraction) -> str | None:
        """Say nothing: SQLite has one writer at a time, and none can commit behind another."""
        return None

    async def test(self) -> list[port.Check]:
        """Look whether the file is allowed, there, and a database."""
        try:
            [tables] = await self._call(lambda c: c.execute(_COUNT).fetchone())
        except FailureError as error:
            part = "permission" if error.failure.code == "path_not_allowed" else "data"
            return [port.Check(part, ok=False, message=error.failure.message)]
        return [
            port.Check("data", ok=True, message=f"SQLite {sqlite3.sqlite_version}, {tables} tables")
        ]

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn]:
        """Return the columns of a table, with their types, or of a query."""

        def look(connection: sqlite3.Connection) -> list[port.SourceColumn]:
            if extraction.mode is ExtractionMode.CONFIG:
                declared = columns_of(connection, extraction.table or "")
                return [port.SourceColumn(name, kind or "any") for name, kind in declared.items()]
            return [port.SourceColumn(name, "any") for name in names_of(connection, extraction)]

        return await self._call(look)

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages of one read, ordered by (cursor, ID)."""
        careful = False
        while True:
            try:
                async for page in self._stream(request, careful=careful):
                    left = None if request.limit is None else request.limit - len(page.ids)
                    request = msgspec.structs.replace(request, position=page.position, limit=left)
                    yield page
            except NotUnicodeError:  # read on from the last page, byte by byte where needed
                careful = True
            else:
                return

    async def _stream(
        self, request: port.ExtractRequest, *, careful: bool
    ) -> AsyncIterator[port.Page]:
        connection = await asyncio.to_thread(self._file.open)
        try:
            with translated_errors():
                reading = await asyncio.to_thread(
                    SqliteReader, connection, request.extraction, careful=careful
                )
                pages = reading.pages(request)
                while (page := await asyncio.to_thread(next, pages, None)) is not None:
                    yield page
                    self._file.limit(connection)
        finally:
            connection.interrupt()  # a thread may still be reading when this is given up
            connection.close()

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records."""
        if not ids:
            return port.Page([], [], Columns(0, {}), "")
        return await self._call(
            lambda c: fetch_records(
                SqliteReader(c, extraction, careful=True), extraction.id_column, ids
            )
        )

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Return the keys that the target table has."""

        def look(connection: sqlite3.Connection) -> port.LookupResult:
            table = table_of(connection, batch.options, batch.match_key)
            keys = [key_parts(_payload(payload), table.key) for payload in batch.payloads]
            there = [key and table.by_key(connection, "select 1 from", key) for key in keys]
            return port.LookupResult(
                [to_target_id(k) if k and t else None for k, t in zip(keys, there, strict=True)]
            )

        return await self._call(look)

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Upsert a bulk on the match key."""

        def write(connection: sqlite3.Connection) -> port.WriteResult:
            key, on_create = batch.match_key, batch.on_create
            return upsert(connection, table_of(connection, batch.options, key, on_create), batch)

        return await self._call(write, writes=True)

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Delete rows by key; one that is not there counts as deleted."""

        def delete(connection: sqlite3.Connection) -> None:
            table = table_of(connection, options, read(TableTarget, options, TARGET).key)
            keys = [of_target_id(target_id, len(table.key)) for target_id in target_ids]
            for key in filter(None, keys):
                table.by_key(connection, "delete from", key)

        await self._call(delete, writes=True)
        return port.WriteResult(list(target_ids))

    async def _call(self, call: Callable[[sqlite3.Connection], T], *, writes: bool = False) -> T:
        def run() -> T:
            with self._file.opened(writes=writes) as connection:
                return call(connection)

        async with self._writing if writes else nullcontext():
            return await asyncio.to_thread(run)


_COUNT = "select count(*) from sqlite_schema where type = 'table'"
