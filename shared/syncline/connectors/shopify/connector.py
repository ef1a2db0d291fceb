"""The connector of Shopify: ready blocks of the HTTP connector, and what they cannot say."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

import msgspec

from syncline.connectors import port
from syncline.connectors.api.connector import ApiConnector
from syncline.connectors.api.entities import ENTITY, Entity
from syncline.connectors.http.client.client import Sender
from syncline.connectors.http.client.connection_test import TEST_LIMIT
from syncline.connectors.http.target.search import keys_of
from syncline.connectors.settings import TARGET, read
from syncline.connectors.shopify.access import check_access
from syncline.connectors.shopify.bucket import LONGEST, MeteredClient
from syncline.connectors.shopify.documents import NESTED
from syncline.connectors.shopify.entities import ENTITIES, KINDS, in_order_of_ids
from syncline.connectors.shopify.lists import LISTS, lost_elements
from syncline.connectors.shopify.nested import with_whole_lists
from syncline.connectors.shopify.settings import (
    ShopifySecrets,
    ShopifySettings,
    ShopifyTarget,
    shop_of,
)
from syncline.connectors.shopify.slices import read_slices
from syncline.connectors.shopify.stock import StockWriter
from syncline.domain.errors import Category, Failure, Problem
from syncline.domain.mapping.extraction import Extraction

_CLOSED = frozenset({"http_402", "http_423"})
"""A shop that is frozen because its bill is not paid, and one that is locked."""
_HANDLE = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")


class ShopifyConnector(ApiConnector):
    """One shop as its profile describes it."""

    title = "Shopify"
    about = (
        "Products, variants, customers and orders of a shop; writes products, customers and stock."
    )
    profile_settings = ShopifySettings
    profile_secrets = ShopifySecrets
    target_settings = ShopifyTarget
    secret_names: ClassVar[Mapping[str, str]] = {"apiKey": "accessToken"}
    entities: ClassVar[Mapping[str, Entity]] = ENTITIES

    def _sender(self) -> Sender:
        return MeteredClient(super()._sender())

    @classmethod
    def source_block(cls, extraction: Extraction) -> Extraction:
        """Return the ready extraction of an entity type; a read without bookmarks goes by ID."""
        block = super().source_block(extraction)
        return block if block.cursor_column else in_order_of_ids(block)

    @classmethod
    def system_of(
        cls, config: Mapping[str, object], target: Mapping[str, object] | None = None, /
    ) -> str:
        """Name the shop; the version of its API makes it no other."""
        return shop_of(config)

    def capabilities_for(self, options: Mapping[str, object]) -> port.Capabilities:
        """Return what it can do with a target block; a call may wait for points at first."""
        found = super().capabilities_for(options)
        return msgspec.structs.replace(found, longest_call=found.longest_call + LONGEST)

    async def test(self) -> list[port.Check]:
        """Reach the shop, sign in, and say which scopes and which version of the API it gives."""
        try:
            async with asyncio.timeout(TEST_LIMIT):
                found = await super().test()
                if not all(check.ok for check in found):
                    return found
                return await check_access(self._api, found)
        except TimeoutError:  # the failed check tells it
            return [port.Check("host", ok=False, message=f"no answer within {TEST_LIMIT} s")]

    @classmethod
    def extraction_problems(cls, extraction: Extraction) -> list[Problem]:
        """Name every mistake of a mapping's extraction block."""
        if extraction.parameters:
            return [Problem("$.extraction.parameters", "are not for a shop: leave them out")]
        return super().extraction_problems(extraction)

    async def extract(self, request: port.ExtractRequest) -> AsyncIterator[port.Page]:
        """Stream pages in the order of changes, or of IDs where a shop cannot sort by changes."""
        source = self._source(request.extraction)
        name = str(request.extraction.options[ENTITY])
        by_id = not source.options.ordered
        pages = read_slices(self._api, source, request) if by_id else super().extract(request)
        async for page in pages:
            yield await self._whole(name, page)

    async def fetch(self, extraction: Extraction, ids: Sequence[str]) -> port.Page:
        """Read just these records; an ID may be its number alone, as webhooks give it."""
        name = str(extraction.options[ENTITY])
        start = f"gid://shopify/{KINDS[name]}/"
        asked = {each: start + each if each.isdigit() else each for each in dict.fromkeys(ids)}
        wanted = [full for full in asked.values() if full.startswith(start)]
        page = await self._whole(name, await super().fetch(extraction, wanted))
        given = {**{full: full for full in page.ids}, **page.asked}
        spelled = {own: given[full] for own, full in asked.items() if full in given}
        page.asked = {own: full for own, full in spelled.items() if own != full}
        return page

    async def _whole(self, name: str, page: port.Page) -> port.Page:
        nested = NESTED.get(name)
        return page if nested is None else await with_whole_lists(self._api, page, nested)

    async def lookup(self, batch: port.WriteBatch) -> port.LookupResult:
        """Find products by handle and customers by e-mail address.

        A record that would delete variants or addresses of people fails instead.
        """
        found = await super().lookup(_renamable(batch))
        given = read(ShopifyTarget, batch.options, TARGET)
        owned = LISTS.get(given.entity)
        may_delete = {"variants": given.replace_variants, "addresses": given.replace_addresses}
        if owned is not None and not may_delete[owned.field]:
            found.failures |= await lost_elements(self._api, owned, batch, found)
        return found

    async def write(self, batch: port.WriteBatch) -> port.WriteResult:
        """Create or update products by handle and customers by e-mail address, or set stock."""
        if batch.options[ENTITY] == "itemstock":
            self._check_match_key(batch)
            given = read(ShopifyTarget, batch.options, TARGET)
            return await StockWriter(self._api, batch, given).write()
        refused = _without_name(batch)
        if not refused:
            return await self._set(batch)
        places = [p for p in range(len(batch.payloads)) if p not in refused]
        result = port.WriteResult([None] * len(batch.payloads), failures=refused)
        answer = await self._set(_part(batch, places)) if places else port.WriteResult([])
        for index, place in enumerate(places):
            result.target_ids[place] = answer.target_ids[index]
        result.failures |= {places[index]: why for index, why in answer.failures.items()}
        result.stopped |= {places[index]: why for index, why in answer.stopped.items()}
        return result

    async def _set(self, batch: port.WriteBatch) -> port.WriteResult:
        """Write products or customers; a closed shop fails the call, and no record."""
        result = await super().write(_renamable(batch))
        closed = {place: why for place, why in result.failures.items() if why.code in _CLOSED}
        result.failures = {p: why for p, why in result.failures.items() if p not in closed}
        result.stopped |= closed
        return result


def _without_name(batch: port.WriteBatch) -> dict[int, Failure]:
    """Name records whose match key a shop would not store in this form, nor find again."""
    wrong = _odd_handle if batch.options[ENTITY] == "item" else _no_email
    keys = enumerate(keys_of(batch, range(len(batch.payloads))))
    return {place: failure for place, key in keys if (failure := wrong(key)) is not None}


def _odd_handle(handle: str) -> Failure | None:
    if _HANDLE.fullmatch(handle) and handle == handle.lower():
        return None
    message = (
        f"{handle[:100]!r} is no handle: a shop stores lower-case letters, digits and "
        "single hyphens between them, and would create the product again each time"
    )
    return Failure(Category.PERMANENT, "invalid_handle", message, field="handle")


def _no_email(email: str) -> Failure | None:
    if email:
        return None
    message = "a customer without an e-mail address cannot be written: a shop finds it by that"
    return Failure(Category.PERMANENT, "invalid_email", message, field="email")


def _renamable(batch: port.WriteBatch) -> port.WriteBatch:
    """Return a batch whose handles go with new products alone: people may change them."""
    if batch.options[ENTITY] != "item":
        return batch
    return msgspec.structs.replace(batch, on_create=(*batch.on_create, "handle"))


def _part(batch: port.WriteBatch, places: Sequence[int]) -> port.WriteBatch:
    return msgspec.structs.replace(
        batch,
        source_ids=[batch.source_ids[p] for p in places],
        payloads=[batch.payloads[p] for p in places],
        target_ids=[batch.target_ids[p] for p in places],
        keys=[batch.keys[p] for p in places] if batch.keys else [],
        columns=None,
        lines=None,
    )
