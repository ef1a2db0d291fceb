"""The file connector: what it can do, and its calls, each in a thread."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from syncline.connectors import port
from syncline.connectors.errors import ConnectorError
from syncline.connectors.file.journal import Memory
from syncline.connectors.file.reader import FileReader, open_rows, page_of
from syncline.connectors.file.settings import (
    FileSettings,
    FileTarget,
    extraction_problems,
    in_settings,
)
from syncline.connectors.file.writer import path_of, write_batch
from syncline.connectors.folders import Folder
from syncline.connectors.projection import Projection
from syncline.connectors.settings import read_profile
from syncline.domain.columns import Columns, Lines
from syncline.domain.errors import Category, Failure
from syncline.domain.mapping.extraction import Extraction

_FETCH_SIZE = 5_000
_REMEMBERED = 4
_DELETED = Failure(
    Category.PERMANENT, "cannot_delete", "a file keeps what was written: records are not deleted"
)


class OpenFile:
    """A file that this process writes: its lock, and what is known of its journal."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.memory = Memory()


class FileConnector(port.Connector):
    """One folder of files as its profile describes it."""

    title = "Flat file"
    about = "CSV, JSON and Excel in; CSV and XML out, a new file for each run."
    capabilities = port.Capabilities(
        source=True, target=True, idempotent_upsert=True, bulk_size=5000, smart_sync=False
    )
    profile_settings = FileSettings
    target_settings = FileTarget
    extraction_problems = staticmethod(extraction_problems)

    def __init__(
        self,
        config: Mapping[str, object],
        _secrets: Mapping[str, str],
        surroundings: port.Surroundings,
    ) -> None:
        self._folder = Folder(read_profile(FileSettings, config).folder, surroundings)
        self._files: OrderedDict[Path, OpenFile] = OrderedDict()

    def reads_in_order(self, extraction: Extraction) -> bool:
        """Tell whether records come by (cursor, ID): a file comes in its own order."""
        return False

    async def test(self) -> list[port.Check]:
        """Look whether the folder is allowed, there, and usable."""
        return await asyncio.to_thread(self._test)

    def _test(self) -> list[port.Check]:
        try:
            root = self._folder.root()
        except ConnectorError as error:
            part = "permission" if error.failure.code == "path_not_allowed" else "data"
            return [port.Check(part, ok=False, message=error.failure.message)]
        if not os.access(root, os.R_OK | os.X_OK):
            return [
                port.Check("permission", ok=False, message=f"folder {str(root)!r} cannot be read")
            ]
        writable = os.access(root, os.W_OK)
        message = "readable and writable" if writable else "readable, not writable"
        return [port.Check("data", ok=True, message=message)]

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn] | None:
        """Return the columns of a file: its header, or the keys of its first records."""
        return await asyncio.to_thread(self._describe, extraction)

    def _describe(self, extraction: Extraction) -> list[port.SourceColumn] | None:
        with self._folder.open(extraction.table or "") as file:
            how = in_settings(extraction)
            rows = open_rows(file, how)
            if rows.names is not None:
                kind = "any" if how.format == "excel" else "text"
                return [port.SourceColumn(column, kind) for column in rows.names]
            keys = dict.fromkeys(
                key for record in rows.take(100).columns().records() for key in record
            )
            return [port.SourceColumn(key, "any", everywhere=False) for key in keys] or None

    async def count(self, extraction: Extraction) -> int:
        """Count the records of a file by reading it."""
        async with aclosing(self.extract(port.ExtractRequest(extraction))) as pages:  # type: ignore[type-var] # a generator
            return sum([len(page.ids) async for page in pages])

    async def tables(self) -> list[str]:
        """Return the names of the files in the profile's folder, not in folders below it."""
        return await asyncio.to_thread(self._folder.names, port.MOST_TABLES)

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream a file's records in its own order."""
        how = in_settings(request.extraction)
        file = await asyncio.to_thread(self._folder.open, request.extraction.table or "")
        with file:
            reading = await asyncio.to_thread(FileReader, file, request, how)
            while (page := await asyncio.to_thread(reading.page, request.page_size)) is not None:
                yield page

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records: the whole file is looked through."""
        return await asyncio.to_thread(self._fetch, extraction, frozenset(ids) - {""})

    def _fetch(self, extraction: Extraction, ids: frozenset[str]) -> port.Page:
        pages: list[port.Page] = []
        with self._folder.open(extraction.table or "") as file:
            rows = open_rows(file, in_settings(extraction))
            pick = Projection(extraction, rows.names)
            while len(taken := rows.take(_FETCH_SIZE)):
                page = page_of(pick, taken, "")
                found = {i: p for p, i in enumerate(page.ids) if i in ids and p not in page.bad}
                if found:
                    pages.append(page.part(list(found.values())))
        return _last(pages)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find nothing: what is in a file is known by its journal."""
        return port.LookupResult([None] * len(batch.payloads))

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Append records to the run's file; one that is in it already is not written again."""
        path = await asyncio.to_thread(path_of, self._folder, batch)
        file = self._files.setdefault(path, OpenFile())
        self._files.move_to_end(path)
        async with file.lock:
            result = await asyncio.to_thread(write_batch, path, file.memory, batch)
        for old in [p for p, f in self._files.items() if not f.lock.locked()][:-_REMEMBERED]:
            del self._files[old]
        return result

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Refuse: a file keeps what was written."""
        return port.WriteResult(
            [None] * len(target_ids), dict.fromkeys(range(len(target_ids)), _DELETED)
        )


def _last(pages: Sequence[port.Page]) -> port.Page:
    """Return the records of several pages; of those with one ID the last."""
    ids = [source_id for page in pages for source_id in page.ids]
    last = {source_id: place for place, source_id in enumerate(ids)}
    cursors = [cursor for page in pages for cursor in page.cursors]
    whole = port.Page(ids, cursors, None, "")
    lines = [page.lines for page in pages if page.lines is not None]
    # Without what the pages have by column: a row that could not be read has shaped that.
    if lines:
        data = [line for each in lines for line in each.data]
        whole.lines = Lines(data, lines[0].layout, lines[0].reader)
    else:
        whole.given = Columns.of([record for page in pages for record in page.records.records()])
    if pages:
        whole.columns = pages[0].columns
    return whole.part(list(last.values()))
