"""SAP Business One: the HTTP connector with the Service Layer's blocks, and its traps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from syncline.connectors import port
from syncline.connectors.api.connector import ApiConnector
from syncline.connectors.api.entities import ENTITY
from syncline.connectors.business_one import drafts
from syncline.connectors.business_one.entities import DOCUMENTS, ENTITIES, document_target
from syncline.connectors.business_one.refusals import meaning_of
from syncline.connectors.business_one.settings import (
    SLOWEST,
    BusinessOneSecrets,
    BusinessOneSettings,
    BusinessOneTarget,
)
from syncline.connectors.business_one.stock import (
    ITEM,
    STOCK_ID,
    item_of,
    stock_page,
    stock_pages,
)
from syncline.connectors.errors import refusal
from syncline.connectors.http.client.connection_test import SAMPLE, columns_of
from syncline.connectors.http.settings.extraction import source_of
from syncline.connectors.http.target.search import keys_of
from syncline.connectors.settings import TARGET, read
from syncline.domain.errors import Category, Failure, Problem
from syncline.domain.mapping.extraction import Extraction

_CANNOT_DELETE = Failure(
    Category.PERMANENT, "cannot_delete", "Business One deletes no documents: cancel it there"
)
_NO_REFERENCE = Failure(
    Category.PERMANENT,
    "reference_missing",
    "the document has no reference by which it could be found again, so that it might be made "
    "twice: map a value to the `matchKey`",
)


class BusinessOneConnector(ApiConnector):
    """One company's Service Layer."""

    title = "SAP Business One"
    about = "Service Layer: items, stock, partners and documents in, orders and quotations out."
    profile_settings = BusinessOneSettings
    profile_secrets = BusinessOneSecrets
    target_settings = BusinessOneTarget
    entities = ENTITIES
    capabilities = port.Capabilities(
        source=True, target=True, pages_may_move=True, bulk_size=1, lookup=True
    )

    @classmethod
    def extraction_problems(cls, extraction: Extraction) -> list[Problem]:
        """Name every mistake of an extraction; the profile has the size of pages."""
        if extraction.paging:
            return [Problem("$.extraction.paging", "is for the profile: its `pageSize`")]
        return super().extraction_problems(extraction)

    @classmethod
    def target_block(cls, options: Mapping[str, object]) -> Mapping[str, object]:
        """Return how documents are written that are known by the mapping's reference."""
        super().target_block(options)
        given = read(BusinessOneTarget, options, TARGET)
        return document_target(DOCUMENTS[given.entity], given.reference)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the company by its server and database; the version in the path makes no other."""
        server = super().system_of(config).partition("/")[0]
        return f"{server}/{config['company']}"

    @classmethod
    def source_block(cls, extraction: Extraction) -> Extraction:
        """Return the ready extraction of an entity type; stock is read by item."""
        block = super().source_block(extraction)
        return replace(block, id_column=ITEM) if block.id_column == STOCK_ID else block

    def capabilities_for(self, options: Mapping[str, object]) -> port.Capabilities:
        """Return what it can do; a document may be there only some time after its call was lost."""
        can = super().capabilities_for(options)
        longest = min(SLOWEST, self._api.settings.timeouts.total)
        return msgspec.structs.replace(can, visible_after=longest)

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages, of stock one record for each item and warehouse."""
        pages = super().extract
        if not _is_stock(request.extraction):
            undated = set[str]()
            async for page in pages(request):
                found = page if request.after is None else _without_repeats(page, undated)
                if found.ids or found.notices or not page.ids:
                    yield found
            return
        items = pages(msgspec.structs.replace(request, limit=None))
        async for page in stock_pages(items, request.limit):
            yield page

    async def describe(self, extraction: Extraction) -> list[port.SourceColumn] | None:
        """Return the properties of the first records."""
        if not _is_stock(extraction):
            return await super().describe(extraction)
        first = port.ExtractRequest(extraction, limit=SAMPLE, page_size=SAMPLE)
        pages = [page async for page in self.extract(first)]
        return columns_of([record for page in pages for record in page.records.records()])

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records; what is no number is no ID of a set whose IDs are numbers."""
        if _is_stock(extraction):
            items = await super().fetch(extraction, list(dict.fromkeys(map(item_of, ids))))
            return stock_page(items, ids)
        fetch = source_of(self.source_block(extraction)).options.fetch
        if fetch is not None and not fetch.double_quotes:
            ids = [each for each in ids if each.isascii() and each.isdigit()]
        return await super().fetch(extraction, ids)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find documents by reference, also those that wait for approval as drafts.

        The ID of a draft begins with `draft-`.
        """
        given = _given(batch)
        result = await super().lookup(batch)
        for place, key in enumerate(keys_of(batch, range(len(batch.payloads)))):
            if not key:
                result.failures[place] = _NO_REFERENCE
        missing = [
            place
            for place, target_id in enumerate(result.target_ids)
            if target_id is None and place not in result.failures
        ]
        await drafts.add_drafts(self._api, given, batch, missing, result)
        return result

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Create or change documents, one a call. One that has become a draft counts as written."""
        given = _given(batch)
        result = port.WriteResult([None] * len(batch.payloads))
        ids = await self._known_ids(batch, result)
        todo = [p for p in range(len(ids)) if p not in result.failures and not result.target_ids[p]]
        if not todo:
            return result
        part = drafts.part_of(batch, todo, [ids[place] for place in todo])
        written = await super().write(part)
        for place, failure in written.failures.items():
            creates = part.target_ids[place] is None
            written.failures[place] = meaning_of(failure, creates=creates)
        await drafts.take_drafts(self._api, given, part, written)
        for place, target_id in zip(todo, written.target_ids, strict=True):
            result.target_ids[place] = target_id
        result.failures |= {todo[place]: failure for place, failure in written.failures.items()}
        result.stopped = {todo[place]: failure for place, failure in written.stopped.items()}
        return result

    async def _known_ids(
        self, batch: port.WriteBatch, result: port.WriteResult
    ) -> list[str | None]:
        """Return the documents' IDs, None for those to create.

        Notes in `result` what cannot be written now, and what a draft holds already.
        """
        ids = [None if drafts.is_draft(i) else i for i in batch.target_ids]
        unknown = [p for p, known in enumerate(ids) if known is None]
        if batch.asked:
            unknown = [p for p in unknown if batch.target_ids[p] is not None]
        if not unknown:
            return ids
        found = await self.lookup(drafts.part_of(batch, unknown, [None] * len(unknown)))
        for n, place in enumerate(unknown):
            target_id = found.target_ids[n]
            if n in found.failures:
                result.failures[place] = found.failures[n]
            elif not drafts.is_draft(target_id):
                ids[place] = target_id
            elif found.holds.get(n):
                result.target_ids[place] = target_id
            else:
                result.failures[place] = drafts.awaits_approval(target_id or "")
        return ids

    async def delete(
        self, target_ids: Sequence[str], options: Mapping[str, object]
    ) -> port.WriteResult:
        """Refuse each: documents are cancelled, and stay."""
        return port.WriteResult(
            list(target_ids), dict.fromkeys(range(len(target_ids)), _CANNOT_DELETE)
        )


def _is_stock(extraction: Extraction) -> bool:
    return extraction.options.get(ENTITY) == "itemstock"


def _without_repeats(page: port.Page, undated: set[str]) -> port.Page:
    """Leave out records without a day of change that the read gave before; note those that it has.

    They are found by the day they were made, so each time a read begins anew at a later day.
    """
    ids = list(zip(page.ids, page.cursors, strict=True))
    again = {n for n, (i, day) in enumerate(ids) if day is None and i and i in undated}
    undated |= {source_id for source_id, day in ids if day is None}
    return page.part([n for n in range(len(ids)) if n not in again]) if again else page


def _given(batch: port.WriteBatch) -> BusinessOneTarget:
    """Return the target block. Raises ConnectorError where records are matched by another key."""
    given = read(BusinessOneTarget, batch.options, TARGET)
    if batch.match_key != (given.reference,):
        message = (
            f"`transformation.matchKey` must be {given.reference}, by which documents are found; "
            "another property is told by `target.reference`"
        )
        raise refusal("no_match_key", message)
    return given
